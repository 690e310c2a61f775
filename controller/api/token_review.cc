#include "controller/api/token_review.h"

#include "controller/api/access_review.h"
#include "controller/api/authenticator.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <initializer_list>

namespace charter {
namespace {

constexpr int64_t kSecondsMax = int64_t{1} << 32;

Error invalid_request(std::vector<Cause> causes) {
  std::string list;
  for (const Cause& cause : causes)
    list += (list.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  if (causes.size() > 1) list = "[" + list + "]";
  return {Code::Invalid,
          "TokenRequest.authentication.k8s.io \"\" is invalid: " + list,
          {},
          std::move(causes),
          Subject{std::string(kAuthenticationGroup), "TokenRequest", "", {}}};
}

Result<std::vector<std::string>> read_audiences(const Json& spec) {
  std::vector<std::string> out;
  const Json* list = at(spec, {"audiences"});
  if (!list || list->is_null()) return out;
  if (!list->is_array() || list->size() > limits::kTokenAudiencesMax) {
    return invalid_request(
        {too_many_cause("spec.audiences", list->size(), limits::kTokenAudiencesMax)});
  }
  for (const Json& entry : *list) {
    if (!entry.is_string() ||
        entry.get_ref<const std::string&>().size() > limits::kIdentityNameBytesMax) {
      return Error{Code::BadRequest, "spec.audiences: an audience must be a text of at most " +
                                         std::to_string(limits::kIdentityNameBytesMax) + " bytes"};
    }
    out.push_back(entry.get<std::string>());
  }
  return out;
}

Result<std::chrono::seconds> read_lifetime(const Json& spec) {
  const Json* given = at(spec, {"expirationSeconds"});
  if (!given || given->is_null())
    return std::chrono::duration_cast<std::chrono::seconds>(limits::kTokenLifetime);
  if (!given->is_number_integer())
    return Error{Code::BadRequest, "spec.expirationSeconds: must be an integer"};
  const auto seconds = given->get<int64_t>();
  if (seconds <
      std::chrono::duration_cast<std::chrono::seconds>(limits::kTokenLifetimeMin).count()) {
    return invalid_request({invalid_cause("spec.expirationSeconds", seconds,
                                          "may not specify a duration less than 10 minutes")});
  }
  if (seconds > kSecondsMax) {
    return invalid_request({invalid_cause("spec.expirationSeconds", seconds,
                                          "may not specify a duration larger than 2^32 seconds")});
  }
  return std::chrono::seconds(seconds);
}

/// The Secret that the token is to end with. Pods and Nodes, which Kubernetes binds to as well, are
/// not served here.
Result<std::optional<BoundObject>> read_bound(const TokenRequestParts& parts, const std::string& ns,
                                              const Json& spec) {
  const Json* ref = at(spec, {"boundObjectRef"});
  if (!ref || ref->is_null()) return std::optional<BoundObject>();
  BoundObject out{text_at(*ref, {"kind"}), text_at(*ref, {"apiVersion"}), text_at(*ref, {"name"}),
                  text_at(*ref, {"uid"})};
  if (out.kind != "Secret" || (out.api_version != "v1" && !out.api_version.empty())) {
    return Error{Code::BadRequest,
                 "cannot bind token to object of type " + out.api_version + ", Kind=" + out.kind};
  }
  const ObjectPtr object = parts.store.get("/secrets", {ns, out.name});
  const Subject subject{"", "secrets", out.name, {}};
  if (!object)
    return Error{Code::NotFound, "secrets " + go_quote(out.name) + " not found", {}, {}, subject};
  const std::string uid = object->header().uid;
  if (!out.uid.empty() && out.uid != uid) {
    return Error{Code::Conflict,
                 "Operation cannot be fulfilled on Secret " + go_quote(out.name) +
                     ": the UID in the bound object reference (" + out.uid +
                     ") does not match the UID in record. The object might have been deleted and "
                     "then recreated",
                 {},
                 {},
                 subject};
  }
  out.uid = uid;
  return std::optional<BoundObject>(std::move(out));
}

void find_unknown(const Json* object, const std::string& path,
                  std::initializer_list<std::string_view> known, std::vector<std::string>& out) {
  if (object == nullptr || !object->is_object()) return;
  for (const auto& [key, value] : object->items()) {
    if (std::find(known.begin(), known.end(), key) == known.end()) out.push_back(path + key);
  }
}

Status check_frame(const Json& body) {
  if (!body.is_object()) return Error{Code::BadRequest, "the body is not an object"};
  const std::string version = text_at(body, {"apiVersion"});
  const std::string kind = text_at(body, {"kind"});
  if (version != "authentication.k8s.io/v1" || kind != "TokenRequest") {
    return Error{Code::BadRequest, kind + " in version " + go_quote(version) +
                                       " cannot be handled as a TokenRequest"};
  }
  if (const Json* spec = at(body, {"spec"}); spec && !spec->is_object() && !spec->is_null())
    return Error{Code::BadRequest, "spec: must be an object"};
  return {};
}

}  // namespace

std::optional<TokenOwner> TokenChain::verify(std::string_view token,
                                             const std::vector<std::string>& audiences) const {
  for (const TokenVerifier* verifier : verifiers_) {
    if (auto owner = verifier->verify(token, audiences)) return owner;
  }
  return std::nullopt;
}

bool TokenChain::await(std::string_view token, std::function<void()> then) const {
  return std::any_of(verifiers_.begin(), verifiers_.end(),
                     [&](const TokenVerifier* verifier) { return verifier->await(token, then); });
}

Json answer_token_review(const TokenVerifier* tokens, Json review) {
  std::vector<std::string> audiences;
  if (const Json* list = at(review, {"spec", "audiences"}); list && list->is_array()) {
    for (const Json& entry : *list)
      audiences.push_back(entry.get<std::string>());
  }
  auto owner =
      tokens ? tokens->verify(text_at(review, {"spec", "token"}), audiences) : std::nullopt;
  review["spec"].erase("token");
  if (!owner) {
    review["status"] = {{"user", Json::object()}, {"error", "invalid bearer token"}};
    return review;
  }
  add_authenticated(owner->caller);
  review["status"] = {{"authenticated", true}, {"user", user_info(owner->caller)}};
  if (!owner->audiences.empty()) review["status"]["audiences"] = owner->audiences;
  return review;
}

std::vector<std::string> unknown_token_fields(const Json& request) {
  std::vector<std::string> out;
  find_unknown(&request, "", {"apiVersion", "kind", "metadata", "spec", "status"}, out);
  find_unknown(at(request, {"spec"}), "spec.", {"audiences", "expirationSeconds", "boundObjectRef"},
               out);
  find_unknown(at(request, {"spec", "boundObjectRef"}), "spec.boundObjectRef.",
               {"apiVersion", "kind", "name", "uid"}, out);
  return out;
}

Result<Json> answer_token_request(const TokenRequestParts& parts, const ObjectName& account,
                                  Json body) {
  CHARTER_TRY(check_frame(body));
  const ObjectPtr found = parts.store.get("/serviceaccounts", account);
  if (!found) {
    return Error{Code::NotFound,
                 "serviceaccounts " + go_quote(account.name) + " not found",
                 {},
                 {},
                 Subject{"", "serviceaccounts", account.name, {}}};
  }
  const Json spec = body.value("spec", Json::object());
  TokenClaims claims;
  CHARTER_TRY_ASSIGN(claims.audiences, read_audiences(spec));
  CHARTER_TRY_ASSIGN(const auto lifetime, read_lifetime(spec));
  CHARTER_TRY_ASSIGN(claims.bound, read_bound(parts, account.ns, spec));
  claims.subject = "system:serviceaccount:" + account.ns + ":" + account.name;
  claims.id = uuid4(parts.random);
  claims.issued = claims.not_before = std::chrono::floor<std::chrono::seconds>(parts.clock.now());
  claims.expires = claims.issued + lifetime;
  claims.ns = account.ns;
  claims.account = account.name;
  claims.account_uid = found->header().uid;
  CHARTER_TRY_ASSIGN(const std::string token, parts.tokens.issue(claims));
  Json bound;
  if (claims.bound) {
    bound = {{"kind", "Secret"},
             {"apiVersion", "v1"},
             {"name", claims.bound->name},
             {"uid", claims.bound->uid}};
  }
  return Json{{"kind", "TokenRequest"},
              {"apiVersion", "authentication.k8s.io/v1"},
              {"metadata",
               {{"name", account.name},
                {"namespace", account.ns},
                {"creationTimestamp", format_time(claims.issued)}}},
              {"spec",
               {{"audiences", claims.audiences},
                {"expirationSeconds", lifetime.count()},
                {"boundObjectRef", std::move(bound)}}},
              {"status", {{"token", token}, {"expirationTimestamp", format_time(claims.expires)}}}};
}

}  // namespace charter
