#pragma once

#include "controller/base/result.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Keys for tokens: ECDSA on P-256 with SHA-256 (ES256). Several may verify, so that a new key signs
// while tokens of the old one live on.
namespace charter {

/// The algorithm of these signatures, as tokens name it.
inline constexpr const char* kTokenAlgorithm = "ES256";

/// An immutable set of private keys. Thread-safe.
class SigningKeys {
 public:
  /// Reads PKCS #8 PEM texts, the signing key first, at most kSigningKeysMax. Errors: Invalid; the
  /// text of a key is in no error.
  static Result<std::shared_ptr<const SigningKeys>> load(const std::vector<std::string>& pems);
  ~SigningKeys();

  /// Id of the key that signs: a hash of its public part, as in Kubernetes.
  const std::string& key_id() const;
  /// The public parts as a JSON Web Key Set (RFC 7517), for others who verify.
  std::string public_keys() const;
  /// 64 bytes r and s. Errors: InternalError.
  Result<std::string> sign(std::string_view text) const;
  /// True when the key of that id made the signature.
  bool verify(const std::string& key_id, std::string_view text, std::string_view signature) const;

 private:
  struct Key;
  SigningKeys();
  std::vector<std::unique_ptr<const Key>> keys_;
};

/// A new private key, PEM. Errors: InternalError.
Result<std::string> make_signing_key();

}  // namespace charter
