#include "controller/api/token_signature.h"

#include "controller/api/certificate_openssl.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <array>
#include <memory>

namespace charter {
namespace {

using ContextPtr = std::unique_ptr<EVP_MD_CTX, openssl::Deleter<EVP_MD_CTX_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, openssl::Deleter<ECDSA_SIG_free>>;

enum class Scheme { Pkcs1, Pss, Ecdsa };

/// What an algorithm's name stands for.
struct Algorithm {
  std::string_view name;
  Scheme scheme;
  const EVP_MD* (*digest)();
  std::string_view curve;   ///< of Ecdsa, OpenSSL's name
  size_t number_bytes = 0;  ///< of Ecdsa: r and s have this length each
};

constexpr std::array kAlgorithms = {
    Algorithm{"RS256", Scheme::Pkcs1, EVP_sha256, "", 0},
    Algorithm{"RS384", Scheme::Pkcs1, EVP_sha384, "", 0},
    Algorithm{"RS512", Scheme::Pkcs1, EVP_sha512, "", 0},
    Algorithm{"PS256", Scheme::Pss, EVP_sha256, "", 0},
    Algorithm{"PS384", Scheme::Pss, EVP_sha384, "", 0},
    Algorithm{"PS512", Scheme::Pss, EVP_sha512, "", 0},
    Algorithm{"ES256", Scheme::Ecdsa, EVP_sha256, "prime256v1", 32},
    Algorithm{"ES384", Scheme::Ecdsa, EVP_sha384, "secp384r1", 48},
    Algorithm{"ES512", Scheme::Ecdsa, EVP_sha512, "secp521r1", 66},
};

const Algorithm* find_algorithm(std::string_view name) {
  for (const Algorithm& known : kAlgorithms) {
    if (known.name == name) return &known;
  }
  return nullptr;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

bool fits(EVP_PKEY* key, const Algorithm& algorithm) {
  if (algorithm.scheme != Scheme::Ecdsa) return EVP_PKEY_is_a(key, "RSA") == 1;
  char name[32] = {};
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 &&
         std::string_view(name, size) == algorithm.curve;
}

/// OpenSSL's DER from r and s; empty when it cannot be made.
std::string der_form(std::string_view fixed, size_t number_bytes) {
  if (fixed.size() != 2 * number_bytes) return {};
  const auto bytes = static_cast<int>(number_bytes);
  const SignaturePtr signature(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(fixed), bytes, nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(fixed.substr(number_bytes)), bytes, nullptr);
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

bool verify(EVP_PKEY* key, const Algorithm& algorithm, std::string_view text,
            std::string_view signature) {
  const ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // the context's
  if (!context ||
      EVP_DigestVerifyInit(context.get(), &options, algorithm.digest(), nullptr, key) != 1)
    return false;
  if (algorithm.scheme == Scheme::Pss &&
      (EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) != 1)) {
    return false;
  }
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text),
                          text.size()) == 1;
}

}  // namespace

bool is_token_algorithm(std::string_view algorithm) {
  return find_algorithm(algorithm) != nullptr;
}

bool verify_token_signature(EVP_PKEY* key, std::string_view algorithm, std::string_view text,
                            std::string_view signature) {
  const Algorithm* known = find_algorithm(algorithm);
  if (!known || !fits(key, *known)) return false;
  std::string der;
  if (known->scheme == Scheme::Ecdsa) {
    der = der_form(signature, known->number_bytes);
    if (der.empty()) return false;
    signature = der;
  }
  const bool good = verify(key, *known, text, signature);
  ERR_clear_error();
  return good;
}

std::string fixed_signature(std::string_view der, size_t number_bytes) {
  const unsigned char* at = bytes_of(der);
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  const auto bytes = static_cast<int>(number_bytes);
  std::string out(2 * number_bytes, '\0');
  auto* into = reinterpret_cast<unsigned char*>(out.data());
  if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), into, bytes) < 0 ||
      BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), into + number_bytes, bytes) < 0) {
    ERR_clear_error();
    return {};
  }
  return out;
}

}  // namespace charter
