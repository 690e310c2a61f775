#include "controller/api/json_web_keys.h"

#include "controller/api/certificate_openssl.h"
#include "controller/api/token_signature.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <vector>

namespace charter {
namespace {

constexpr int kRsaBitsMin = 2048;  // NIST SP 800-131A
constexpr int kRsaBitsMax = 8192;  // above, one forged token costs milliseconds
constexpr size_t kExponentBytesMax = 4;

using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, openssl::Deleter<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, openssl::Deleter<OSSL_PARAM_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, openssl::Deleter<EVP_PKEY_CTX_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, openssl::Deleter<BN_free>>;

NumberPtr number_of(const std::string& bytes) {
  return NumberPtr(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                             static_cast<int>(bytes.size()), nullptr));
}

openssl::KeyPtr public_key(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return openssl::KeyPtr(key);
}

openssl::KeyPtr rsa_key(const Json& jwk) {
  const auto modulus = decode_base64url(text_at(jwk, {"n"}));
  const auto exponent = decode_base64url(text_at(jwk, {"e"}));
  if (!modulus || !exponent || modulus->size() * 8 > kRsaBitsMax || exponent->empty() ||
      exponent->size() > kExponentBytesMax) {
    return nullptr;
  }
  const NumberPtr n = number_of(*modulus);
  const NumberPtr e = number_of(*exponent);
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!n || !e || !builder || BN_num_bits(n.get()) < kRsaBitsMin || BN_is_odd(e.get()) != 1 ||
      BN_is_one(e.get()) == 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return public_key("RSA", builder.get());
}

openssl::KeyPtr ec_key(const Json& jwk) {
  struct Curve {
    const char* jose;
    const char* openssl;
    size_t bytes;
  };
  static constexpr Curve kCurves[] = {
      {"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}, {"P-521", "secp521r1", 66}};
  const auto* curve = std::find_if(std::begin(kCurves), std::end(kCurves), [&](const Curve& known) {
    return text_at(jwk, {"crv"}) == known.jose;
  });
  const auto x = decode_base64url(text_at(jwk, {"x"}));
  const auto y = decode_base64url(text_at(jwk, {"y"}));
  if (curve == std::end(kCurves) || !x || !y || x->size() != curve->bytes ||
      y->size() != curve->bytes)
    return nullptr;
  const std::string point = "\x04" + *x + *y;  // SEC 1: uncompressed
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl,
                                      0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return public_key("EC", builder.get());
}

openssl::KeyPtr key_of(const Json& jwk) {
  const std::string use = text_at(jwk, {"use"});
  if (!use.empty() && use != "sig") return nullptr;
  const std::string type = text_at(jwk, {"kty"});
  openssl::KeyPtr key;
  if (type == "RSA") key = rsa_key(jwk);
  if (type == "EC") key = ec_key(jwk);
  ERR_clear_error();
  return key;
}

}  // namespace

/// The keys, in the order of the set.
struct JsonWebKeys::Keys {
  struct Key {
    std::string id;
    std::string algorithm;  ///< the only one it is for; empty: any that fits
    openssl::KeyPtr key;
  };
  std::vector<Key> list;
};

JsonWebKeys::JsonWebKeys(std::unique_ptr<const Keys> keys) : keys_(std::move(keys)) {}
JsonWebKeys::~JsonWebKeys() = default;

Result<std::shared_ptr<const JsonWebKeys>> JsonWebKeys::parse(const Json& set) {
  const auto list = set.find("keys");
  if (!set.is_object() || list == set.end() || !list->is_array())
    return Error{Code::Invalid, "no JSON Web Key Set: expected an object with a list \"keys\""};
  auto keys = std::make_unique<Keys>();
  for (const Json& jwk : *list) {
    if (keys->list.size() == limits::kJsonWebKeysMax) break;
    openssl::KeyPtr key = jwk.is_object() ? key_of(jwk) : nullptr;
    if (key) keys->list.push_back({text_at(jwk, {"kid"}), text_at(jwk, {"alg"}), std::move(key)});
  }
  if (keys->list.empty())
    return Error{Code::Invalid,
                 "the JSON Web Key Set holds no key that signatures can be verified with"};
  return std::shared_ptr<const JsonWebKeys>(new JsonWebKeys(std::move(keys)));
}

bool JsonWebKeys::knows(const std::string& key_id) const {
  return std::any_of(keys_->list.begin(), keys_->list.end(),
                     [&](const Keys::Key& key) { return key.id == key_id; });
}

bool JsonWebKeys::verify(const std::string& key_id, std::string_view algorithm,
                         std::string_view text, std::string_view signature) const {
  return std::any_of(keys_->list.begin(), keys_->list.end(), [&](const Keys::Key& key) {
    return (key_id.empty() || key.id == key_id) &&
           (key.algorithm.empty() || key.algorithm == algorithm) &&
           verify_token_signature(key.key.get(), algorithm, text, signature);
  });
}

}  // namespace charter
