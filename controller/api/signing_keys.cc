#include "controller/api/signing_keys.h"

#include "controller/api/certificate_openssl.h"
#include "controller/api/token_signature.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>

namespace charter {
namespace {

constexpr size_t kNumberBytes = 32;  // r and s of P-256
using ContextPtr = std::unique_ptr<EVP_MD_CTX, openssl::Deleter<EVP_MD_CTX_free>>;

Error failed() {
  ERR_clear_error();
  return {Code::InternalError, "cannot sign a token"};
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool is_p256(EVP_PKEY* key) {
  char name[32] = {};
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 &&
         std::string_view(name, size) == "prime256v1";
}

/// The hash of the public key in DER.
Result<std::string> id_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return failed();
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<size_t>(size), digest);
  OPENSSL_free(der);
  return encode_base64url({reinterpret_cast<const char*>(digest), sizeof digest});
}

/// A coordinate of the public point, base64url of fixed length (RFC 7518, section 6.2.1).
Result<std::string> coordinate(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &number) != 1) return failed();
  std::string bytes(kNumberBytes, '\0');
  const int written =
      BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()), kNumberBytes);
  BN_free(number);
  if (written < 0) return failed();
  return encode_base64url(bytes);
}

}  // namespace

/// One key with its id.
struct SigningKeys::Key {
  std::string id;
  std::string public_x, public_y;  ///< the point, base64url
  openssl::KeyPtr key;
};

SigningKeys::SigningKeys() = default;
SigningKeys::~SigningKeys() = default;

Result<std::shared_ptr<const SigningKeys>> SigningKeys::load(const std::vector<std::string>& pems) {
  if (pems.empty() || pems.size() > limits::kSigningKeysMax) {
    return Error{Code::Invalid, "there are " + std::to_string(pems.size()) +
                                    " signing keys: at least 1 is needed, at most " +
                                    std::to_string(limits::kSigningKeysMax) + " are read"};
  }
  std::shared_ptr<SigningKeys> out(new SigningKeys());
  for (const std::string& pem : pems) {
    CHARTER_TRY_ASSIGN(openssl::KeyPtr key, openssl::parse_key(pem));
    if (!is_p256(key.get()))
      return Error{Code::Invalid, "a signing key must be an EC key on P-256"};
    CHARTER_TRY_ASSIGN(std::string id, id_of(key.get()));
    CHARTER_TRY_ASSIGN(std::string x, coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_X));
    CHARTER_TRY_ASSIGN(std::string y, coordinate(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y));
    out->keys_.push_back(std::make_unique<const Key>(
        Key{std::move(id), std::move(x), std::move(y), std::move(key)}));
  }
  return std::shared_ptr<const SigningKeys>(std::move(out));
}

std::string SigningKeys::public_keys() const {
  Json list = Json::array();
  for (const auto& key : keys_) {
    list.push_back({{"use", "sig"},
                    {"kty", "EC"},
                    {"crv", "P-256"},
                    {"alg", kTokenAlgorithm},
                    {"kid", key->id},
                    {"x", key->public_x},
                    {"y", key->public_y}});
  }
  return encode({{"keys", std::move(list)}});
}

const std::string& SigningKeys::key_id() const {
  return keys_.front()->id;
}

Result<std::string> SigningKeys::sign(std::string_view text) const {
  const ContextPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, keys_.front()->key.get()) !=
          1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(text), text.size()) != 1) {
    return failed();
  }
  std::string der(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                     bytes_of(text), text.size()) != 1) {
    return failed();
  }
  der.resize(size);
  std::string fixed = fixed_signature(der, kNumberBytes);
  if (fixed.empty()) return failed();
  return fixed;
}

bool SigningKeys::verify(const std::string& key_id, std::string_view text,
                         std::string_view signature) const {
  for (const auto& known : keys_) {
    if (known->id == key_id)
      return verify_token_signature(known->key.get(), kTokenAlgorithm, text, signature);
  }
  return false;
}

Result<std::string> make_signing_key() {
  const openssl::KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed();
  return openssl::write_key(key.get());
}

}  // namespace charter
