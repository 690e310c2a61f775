#pragma once

#include "controller/base/result.h"
#include "controller/keys/secret_bytes.h"

#include <string>
#include <string_view>
#include <vector>

// Keys for encryption at rest, and the file that holds them: one key a line, 32 random bytes in
// base64; the first seals, all open; empty lines and lines that begin with '#' mean nothing.
//
// A key's id is made from the key, so a wrong key can never stand under a right id, and what is
// missing can be named. It gives nothing away: a key has 256 random bits.
namespace charter {

/// One key.
struct EncryptionKey {
  std::string id;  ///< 16 hex digits
  SecretBytes bytes;
};

/// An immutable set of keys. Thread-safe.
class KeyRing {
 public:
  /// Reads the text of the file `name`. Errors: Invalid naming file and line; no part of a key is
  /// in any error.
  static Result<KeyRing> parse(const std::string& text, const std::string& name);

  const EncryptionKey& newest() const { return keys_.front(); }
  const std::vector<EncryptionKey>& all() const { return keys_; }
  /// Null when there is no such key.
  const EncryptionKey* find(std::string_view id) const;
  /// The file it was read from.
  const std::string& name() const { return name_; }

 private:
  KeyRing() = default;
  std::vector<EncryptionKey> keys_;  // at least one
  std::string name_;
};

/// The text of a key file with a new key before those of `text`; lines that are no keys stay.
/// Errors: Invalid when `text` has as many keys as are allowed, InternalError.
Result<std::string> with_new_key(const std::string& text);

/// The text of a key file without the key of that id. Errors: NotFound.
Result<std::string> without_key(const std::string& text, std::string_view id);

}  // namespace charter
