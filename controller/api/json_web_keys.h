#pragma once

#include "controller/base/result.h"
#include "controller/object/value.h"

#include <memory>
#include <string>
#include <string_view>

// Public keys that others sign tokens with: a JSON Web Key Set (RFC 7517).
namespace charter {

/// An immutable set of keys: RSA of 2048 to 8192 bits, EC on P-256, P-384 and P-521. Thread-safe.
class JsonWebKeys {
 public:
  /// Reads `{"keys": […]}`. Keys of other types, for other uses (RFC 7517, section 4.2) or out of
  /// bounds are left out, as the RFC asks; at most kJsonWebKeysMax are kept. Errors: Invalid when
  /// it is no set, or holds no key that can be used.
  static Result<std::shared_ptr<const JsonWebKeys>> parse(const Json& set);
  ~JsonWebKeys();

  /// True when there is a key of this id.
  bool knows(const std::string& key_id) const;
  /// True when a key of this id (any, for a token that names none) made the signature.
  bool verify(const std::string& key_id, std::string_view algorithm, std::string_view text,
              std::string_view signature) const;

 private:
  struct Keys;
  explicit JsonWebKeys(std::unique_ptr<const Keys> keys);
  std::unique_ptr<const Keys> keys_;
};

}  // namespace charter
