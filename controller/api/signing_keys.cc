#include "controller/api/signing_keys.h"

#include "controller/api/certificate_openssl.h"
#include "controller/api/jwt.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/sha.h>

namespace charter {
namespace {

constexpr size_t kNumberBytes = 32;  // r and s of P-256
using ContextPtr = std::unique_ptr<EVP_MD_CTX, openssl::Deleter<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, openssl::Deleter<ECDSA_SIG_free>>;

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

/// r and s of fixed length from OpenSSL's DER.
Result<std::string> fixed_form(const std::string& der) {
  const unsigned char* at = bytes_of(der);
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  std::string out(2 * kNumberBytes, '\0');
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), into, kNumberBytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), into + kNumberBytes, kNumberBytes) < 0) {
    return failed();
  }
  return out;
}

/// OpenSSL's DER from r and s; empty when it cannot be made.
std::string der_form(std::string_view fixed) {
  const SignaturePtr signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(fixed), kNumberBytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(fixed.substr(kNumberBytes)), kNumberBytes, nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out = size > 0 ? std::string(der, der + size) : std::string();
  OPENSSL_free(der);
  return out;
}

}  // namespace

/// One key with its id.
struct SigningKeys::Key {
  std::string id;
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
    out->keys_.push_back(std::make_unique<const Key>(Key{std::move(id), std::move(key)}));
  }
  return std::shared_ptr<const SigningKeys>(std::move(out));
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
  return fixed_form(der);
}

bool SigningKeys::verify(const std::string& key_id, std::string_view text,
                         std::string_view signature) const {
  if (signature.size() != 2 * kNumberBytes) return false;
  for (const auto& known : keys_) {
    if (known->id != key_id) continue;
    const std::string der = der_form(signature);
    const ContextPtr context(EVP_MD_CTX_new());
    const bool good = context && !der.empty() &&
                      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                                           known->key.get()) == 1 &&
                      EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(text),
                                       text.size()) == 1;
    ERR_clear_error();
    return good;
  }
  return false;
}

Result<std::string> make_signing_key() {
  const openssl::KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed();
  return openssl::write_key(key.get());
}

}  // namespace charter
