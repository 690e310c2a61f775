#include "controller/api/service_account_tokens.h"

#include "controller/api/router.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kAccounts = "/serviceaccounts";
constexpr const char* kSecrets = "/secrets";

bool is_uid(const ObjectPtr& object, const std::string& uid) {
  return object && object->header().uid == uid && !object->header().deleting;
}

}  // namespace

Caller service_account_caller(const std::string& ns, const std::string& name,
                              const std::string& uid) {
  return {"system:serviceaccount:" + ns + ":" + name,
          uid,
          {"system:serviceaccounts", "system:serviceaccounts:" + ns},
          "",
          {}};
}

Result<std::string> ServiceAccountTokens::issue(TokenClaims& claims) const {
  claims.issuer = parts_.issuer;
  if (claims.audiences.empty()) claims.audiences = {parts_.issuer};
  const std::string text = signed_part(parts_.keys->key_id(), write_claims(claims));
  CHARTER_TRY_ASSIGN(const std::string signature, parts_.keys->sign(text));
  return text + "." + encode_base64url(signature);
}

std::string ServiceAccountTokens::configuration() const {
  return encode({{"issuer", parts_.issuer},
                 {"jwks_uri", parts_.issuer + std::string(kIssuerKeysPath)},
                 {"response_types_supported", {"id_token"}},
                 {"subject_types_supported", {"public"}},
                 {"id_token_signing_alg_values_supported", {kTokenAlgorithm}}});
}

ServiceAccountTokens::ClaimsPtr ServiceAccountTokens::signed_claims(std::string_view token) const {
  if (token.size() > limits::kTokenBytesMax) return nullptr;
  return verified_.find_or(token, [&]() -> ClaimsPtr {
    const auto split = split_token(token);
    if (!split || split->algorithm != kTokenAlgorithm ||
        !parts_.keys->verify(split->key_id, split->signed_part, split->signature)) {
      return nullptr;
    }
    auto claims = read_claims(split->payload);
    if (!claims || claims->issuer != parts_.issuer) return nullptr;
    return std::make_shared<const TokenClaims>(std::move(*claims));
  });
}

bool ServiceAccountTokens::is_alive(const TokenClaims& claims) const {
  const Instant now = parts_.clock.now();
  if (now >= claims.expires || now < claims.not_before) return false;
  if (!is_uid(parts_.store.get(kAccounts, {claims.ns, claims.account}), claims.account_uid))
    return false;
  return !claims.bound ||
         is_uid(parts_.store.get(kSecrets, {claims.ns, claims.bound->name}), claims.bound->uid);
}

std::optional<TokenOwner> ServiceAccountTokens::verify(
    std::string_view token, const std::vector<std::string>& audiences) const {
  const ClaimsPtr claims = signed_claims(token);
  if (!claims || !is_alive(*claims)) return std::nullopt;
  const std::vector<std::string> wanted =
      audiences.empty() ? std::vector<std::string>{parts_.issuer} : audiences;
  TokenOwner owner;
  for (const std::string& audience : wanted) {
    const auto& meant = claims->audiences;
    if (std::find(meant.begin(), meant.end(), audience) != meant.end())
      owner.audiences.push_back(audience);
  }
  if (owner.audiences.empty()) return std::nullopt;
  owner.caller = service_account_caller(claims->ns, claims->account, claims->account_uid);
  owner.caller.extra = {{"authentication.kubernetes.io/credential-id", {"JTI=" + claims->id}}};
  return owner;
}

}  // namespace charter
