#include "controller/api/oidc_claims.h"

#include "controller/api/jwt.h"
#include "controller/api/token_signature.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr std::string_view kReserved = "system:";
constexpr const char* kEmail = "email";
constexpr const char* kCredentialId = "authentication.kubernetes.io/credential-id";

Error bad(const std::string& why) {
  return {Code::Unauthorized, "oidc: " + why};
}

Result<std::string> name_of(const std::string& prefix, const Json& value,
                            const std::string& claim) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty())
    return bad("claim \"" + claim + "\" is empty or no text");
  std::string name = prefix + value.get_ref<const std::string&>();
  if (name.size() > limits::kIdentityNameBytesMax)
    return bad("claim \"" + claim + "\" is too long");
  if (name.starts_with(kReserved))
    return bad("claim \"" + claim + "\" asks for a name below \"system:\"");
  return name;
}

std::string username_prefix(const OidcSettings& settings) {
  if (settings.username_prefix == "-") return {};
  if (!settings.username_prefix.empty()) return settings.username_prefix;
  return settings.username_claim == kEmail ? std::string() : settings.issuer_url + "#";
}

Result<std::string> username_of(const OidcSettings& settings, const Json& claims) {
  const auto found = claims.find(settings.username_claim);
  if (found == claims.end()) return bad("no claim \"" + settings.username_claim + "\"");
  if (settings.username_claim == kEmail) {
    const auto verified = claims.find("email_verified");
    if (verified != claims.end() && *verified != Json(true))
      return bad("the email is not verified");
  }
  return name_of(username_prefix(settings), *found, settings.username_claim);
}

Result<std::vector<std::string>> groups_of(const OidcSettings& settings, const Json& claims) {
  std::vector<std::string> out;
  const auto found =
      settings.groups_claim.empty() ? claims.end() : claims.find(settings.groups_claim);
  if (found == claims.end()) return out;
  const Json list = found->is_array() ? *found : Json::array({*found});
  if (list.size() > limits::kIdentityGroupsMax)
    return bad("claim \"" + settings.groups_claim + "\" has more than " +
               std::to_string(limits::kIdentityGroupsMax) + " entries");
  for (const Json& entry : list) {
    CHARTER_TRY_ASSIGN(std::string group,
                       name_of(settings.groups_prefix, entry, settings.groups_claim));
    out.push_back(std::move(group));
  }
  return out;
}

bool is_for(const std::string& client, const Json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end()) return false;
  if (found->is_string()) return *found == Json(client);
  return found->is_array() && std::find(found->begin(), found->end(), Json(client)) != found->end();
}

Status check_required(const OidcSettings& settings, const Json& claims) {
  for (const auto& [claim, text] : settings.required_claims) {
    const auto found = claims.find(claim);
    if (found == claims.end() || *found != Json(text))
      return bad("claim \"" + claim + "\" is not what is required");
  }
  return {};
}

}  // namespace

Status check_oidc_settings(const OidcSettings& settings) {
  const std::string& url = settings.issuer_url;
  const auto refused = [](const std::string& why) { return Error{Code::Invalid, why}; };
  if (!url.starts_with("https://") || url.size() == 8)
    return refused("--oidc-issuer-url: must be a URL that begins with https://");
  if (url.find_first_of("?#@ ") != std::string::npos)
    return refused("--oidc-issuer-url: must have no query, fragment, user or space");
  if (settings.client_id.empty())
    return refused("--oidc-client-id: needed with --oidc-issuer-url: who the tokens are meant for");
  if (settings.username_claim.empty()) return refused("--oidc-username-claim: must not be empty");
  if (settings.signing_algorithms.empty())
    return refused("--oidc-signing-algs: at least one is needed");
  for (const std::string& name : settings.signing_algorithms) {
    if (!is_token_algorithm(name))
      return refused("--oidc-signing-algs: " + name +
                     ": expected RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or ES512");
  }
  return {};
}

Result<OidcOwner> oidc_owner(const OidcSettings& settings, std::string_view payload) {
  CHARTER_TRY_ASSIGN(const Json claims, parse_claims(payload));
  if (text_at(claims, {"iss"}) != settings.issuer_url) return bad("another issuer");
  if (!is_for(settings.client_id, claims)) return bad("meant for somebody else");
  OidcOwner out;
  CHARTER_TRY_ASSIGN(out.expires, time_claim(claims, "exp"));
  if (claims.contains("nbf")) {
    CHARTER_TRY_ASSIGN(out.not_before, time_claim(claims, "nbf"));
  }
  CHARTER_TRY(check_required(settings, claims));
  CHARTER_TRY_ASSIGN(out.caller.user, username_of(settings, claims));
  CHARTER_TRY_ASSIGN(out.caller.groups, groups_of(settings, claims));
  const std::string id = text_at(claims, {"jti"});
  if (!id.empty() && id.size() <= limits::kIdentityNameBytesMax)
    out.caller.extra = {{kCredentialId, {"JTI=" + id}}};
  return out;
}

}  // namespace charter
