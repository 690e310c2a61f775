#include "controller/api/jwt.h"

#include "controller/api/signing_keys.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

constexpr size_t kSignatureBytesMax = 1'024;  // RSA of 8192 bits
constexpr size_t kKeyIdBytesMax = 128;
constexpr int64_t kSecondsMax = 9'000'000'000;  // the year 2255: later ones do not fit an Instant

Error bad(const char* why) {
  return {Code::Unauthorized, std::string("invalid bearer token: ") + why};
}

Result<Json> read_object(std::string_view text, const char* what) {
  std::vector<std::string> duplicates;
  auto tree = parse_json(text, &duplicates);
  // A claim that is there twice would be read in one way here and in another elsewhere.
  if (!tree || !tree->is_object() || !duplicates.empty()) return bad(what);
  return std::move(*tree);
}

Result<std::string> text_claim(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return bad("a claim is missing or no text");
  std::string text = found->get<std::string>();
  if (text.empty() || text.size() > limits::kIdentityNameBytesMax)
    return bad("a claim is empty or too long");
  return text;
}

Result<std::vector<std::string>> audiences_of(const Json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return bad("no audience");
  const Json list = found->is_string() ? Json::array({*found}) : *found;
  if (!list.is_array() || list.empty() || list.size() > limits::kTokenAudiencesMax)
    return bad("the audience is no list");
  std::vector<std::string> out;
  for (const Json& entry : list) {
    if (!entry.is_string()) return bad("an audience is no text");
    out.push_back(entry.get<std::string>());
  }
  return out;
}

/// Kubernetes names the bound object by its kind in lower case.
Result<std::optional<BoundObject>> bound_of(const Json& own) {
  const auto found = own.find("secret");
  for (const auto& [key, value] : own.items()) {
    const bool known =
        key == "namespace" || key == "serviceaccount" || key == "secret" || key == "warnafter";
    if (!known) return bad("bound to an object of an unknown kind");
  }
  if (found == own.end()) return std::optional<BoundObject>();
  if (!found->is_object()) return bad("the bound object is no object");
  BoundObject out{"Secret", "v1", {}, {}};
  CHARTER_TRY_ASSIGN(out.name, text_claim(*found, "name"));
  CHARTER_TRY_ASSIGN(out.uid, text_claim(*found, "uid"));
  return std::optional<BoundObject>(std::move(out));
}

int64_t seconds_of(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

}  // namespace

Result<SplitToken> split_token(std::string_view token) {
  if (token.size() > limits::kTokenBytesMax) return bad("too long");
  const size_t first = token.find('.');
  const size_t second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos)
    return bad("not three parts");
  const auto header_text = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));
  if (!header_text || !payload || !signature) return bad("not base64url");
  CHARTER_TRY_ASSIGN(const Json header, read_object(*header_text, "the header is no JSON object"));
  if (header.contains("crit")) return bad("extensions that must be understood");
  const auto key_id = header.find("kid");
  if (key_id != header.end() && !key_id->is_string()) return bad("the key id is no text");
  SplitToken out{text_at(header, {"alg"}), text_at(header, {"kid"}), token.substr(0, second),
                 std::move(*signature), std::move(*payload)};
  if (out.algorithm.empty()) return bad("no algorithm");
  if (out.key_id.size() > kKeyIdBytesMax) return bad("the key id is too long");
  if (out.signature.empty() || out.signature.size() > kSignatureBytesMax)
    return bad("not a signature");
  return out;
}

Result<Json> parse_claims(std::string_view payload) {
  return read_object(payload, "the payload is no JSON object");
}

Result<Instant> time_claim(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer())
    return bad("a time is missing or no integer");
  if (found->is_number_unsigned() && found->get<uint64_t>() > static_cast<uint64_t>(kSecondsMax))
    return bad("a time is out of range");
  const auto seconds = found->get<int64_t>();
  if (seconds < 0 || seconds > kSecondsMax) return bad("a time is out of range");
  return Instant(std::chrono::seconds(seconds));
}

Result<TokenClaims> read_claims(std::string_view payload) {
  CHARTER_TRY_ASSIGN(const Json tree, parse_claims(payload));
  TokenClaims out;
  CHARTER_TRY_ASSIGN(out.issuer, text_claim(tree, "iss"));
  CHARTER_TRY_ASSIGN(out.subject, text_claim(tree, "sub"));
  CHARTER_TRY_ASSIGN(out.id, text_claim(tree, "jti"));
  CHARTER_TRY_ASSIGN(out.audiences, audiences_of(tree));
  CHARTER_TRY_ASSIGN(out.expires, time_claim(tree, "exp"));
  CHARTER_TRY_ASSIGN(out.not_before, time_claim(tree, "nbf"));
  CHARTER_TRY_ASSIGN(out.issued, time_claim(tree, "iat"));
  const auto own = tree.find("kubernetes.io");
  if (own == tree.end() || !own->is_object()) return bad("not of a ServiceAccount");
  CHARTER_TRY_ASSIGN(out.ns, text_claim(*own, "namespace"));
  const auto account = own->find("serviceaccount");
  if (account == own->end() || !account->is_object()) return bad("not of a ServiceAccount");
  CHARTER_TRY_ASSIGN(out.account, text_claim(*account, "name"));
  CHARTER_TRY_ASSIGN(out.account_uid, text_claim(*account, "uid"));
  CHARTER_TRY_ASSIGN(out.bound, bound_of(*own));
  if (out.subject != "system:serviceaccount:" + out.ns + ":" + out.account)
    return bad("the subject is another one");
  return out;
}

std::string write_claims(const TokenClaims& claims) {
  Json own = {{"namespace", claims.ns},
              {"serviceaccount", {{"name", claims.account}, {"uid", claims.account_uid}}}};
  if (claims.bound) own["secret"] = {{"name", claims.bound->name}, {"uid", claims.bound->uid}};
  return encode({{"iss", claims.issuer},
                 {"sub", claims.subject},
                 {"jti", claims.id},
                 {"aud", claims.audiences},
                 {"iat", seconds_of(claims.issued)},
                 {"nbf", seconds_of(claims.not_before)},
                 {"exp", seconds_of(claims.expires)},
                 {"kubernetes.io", std::move(own)}});
}

std::string signed_part(const std::string& key_id, const std::string& payload) {
  const Json header = {{"alg", kTokenAlgorithm}, {"kid", key_id}};
  return encode_base64url(encode(header)) + "." + encode_base64url(payload);
}

}  // namespace charter
