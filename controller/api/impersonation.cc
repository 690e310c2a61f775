#include "controller/api/impersonation.h"

#include "controller/api/authenticator.h"
#include "controller/api/router.h"
#include "controller/api/service_account_tokens.h"
#include "controller/base/limits.h"

#include <algorithm>

namespace charter {
namespace {

constexpr std::string_view kExtraPrefix = "impersonate-extra-";
constexpr std::string_view kAccountPrefix = "system:serviceaccount:";

/// What the headers ask for.
struct Wanted {
  std::optional<std::string> user, uid;
  std::vector<std::string> groups;
  std::vector<std::pair<std::string, std::vector<std::string>>> extra;
  bool any() const { return user || uid || !groups.empty() || !extra.empty(); }
};

Error bad(std::string text) {
  return {Code::BadRequest, std::move(text)};
}

Status take_once(std::optional<std::string>& into, const std::string& name,
                 const std::string& value) {
  if (into) return bad("the header " + name + " is there more than once");
  into = value;
  return {};
}

Status add_extra(Wanted& wanted, std::string_view escaped_key, const std::string& value) {
  CHARTER_TRY_ASSIGN(std::string key, percent_decode(escaped_key, PlusMeans::Plus));
  if (key.empty()) return bad("a header Impersonate-Extra- names no key");
  const auto known = std::find_if(wanted.extra.begin(), wanted.extra.end(),
                                  [&key](const auto& entry) { return entry.first == key; });
  if (known != wanted.extra.end()) {
    known->second.push_back(value);
  } else {
    wanted.extra.push_back({std::move(key), {value}});
  }
  const bool fits = wanted.extra.size() <= limits::kIdentityExtraMax;
  return fits ? Status()
              : Status(bad("too many Impersonate-Extra- keys, at most " +
                           std::to_string(limits::kIdentityExtraMax)));
}

Result<Wanted> read_headers(const HttpRequest& request) {
  Wanted out;
  for (const auto& [name, value] : request.headers) {
    if (!name.starts_with("impersonate-")) continue;
    if (value.size() > limits::kIdentityNameBytesMax)
      return bad("the header " + name + " is too long");
    if (name == "impersonate-user") {
      CHARTER_TRY(take_once(out.user, name, value));
    } else if (name == "impersonate-uid") {
      CHARTER_TRY(take_once(out.uid, name, value));
    } else if (name == "impersonate-group") {
      out.groups.push_back(value);
    } else if (name.starts_with(kExtraPrefix)) {
      CHARTER_TRY(add_extra(out, std::string_view(name).substr(kExtraPrefix.size()), value));
    } else {
      // To ignore it would be to answer as somebody else than was asked for.
      return bad("the header " + name + " is not known");
    }
  }
  if (out.groups.size() > limits::kIdentityGroupsMax) {
    return bad("too many Impersonate-Group headers, at most " +
               std::to_string(limits::kIdentityGroupsMax));
  }
  if (out.any() && (!out.user || out.user->empty()))
    return bad("requested groups, uid or extra without impersonating a user");
  return out;
}

AccessRequest asking(std::string_view group, std::string resource, const std::string& name) {
  AccessRequest out;
  out.verb = "impersonate";
  out.group = group;
  out.resource = std::move(resource);
  out.name = name;
  return out;
}

/// "system:serviceaccount:NS:NAME" taken apart.
std::optional<ObjectName> account_of(const std::string& user) {
  if (!user.starts_with(kAccountPrefix)) return std::nullopt;
  const std::string rest = user.substr(kAccountPrefix.size());
  const size_t colon = rest.find(':');
  if (colon == std::string::npos || rest.find(':', colon + 1) != std::string::npos)
    return std::nullopt;
  return ObjectName{rest.substr(0, colon), rest.substr(colon + 1)};
}

Status check_all(const Authorizer& authorizer, const Caller& caller, const Wanted& wanted,
                 const std::optional<ObjectName>& account) {
  AccessRequest user =
      asking("", account ? "serviceaccounts" : "users", account ? account->name : *wanted.user);
  if (account) user.ns = account->ns;
  CHARTER_TRY(authorizer.check(caller, user));
  if (wanted.uid)
    CHARTER_TRY(authorizer.check(caller, asking(kAuthenticationGroup, "uids", *wanted.uid)));
  for (const std::string& group : wanted.groups)
    CHARTER_TRY(authorizer.check(caller, asking("", "groups", group)));
  for (const auto& [key, values] : wanted.extra) {
    for (const std::string& value : values) {
      AccessRequest extra = asking(kAuthenticationGroup, "userextras", value);
      extra.subresource = key;
      CHARTER_TRY(authorizer.check(caller, extra));
    }
  }
  return {};
}

}  // namespace

Result<bool> impersonate(const Authorizer& authorizer, const HttpRequest& request, Caller& caller) {
  CHARTER_TRY_ASSIGN(Wanted wanted, read_headers(request));
  if (!wanted.any()) return false;
  const auto account = account_of(*wanted.user);
  CHARTER_TRY(check_all(authorizer, caller, wanted, account));
  Caller next;
  if (account && wanted.groups.empty())
    next.groups = service_account_caller(account->ns, account->name, "").groups;
  next.user = std::move(*wanted.user);
  next.uid = wanted.uid.value_or("");
  next.groups.insert(next.groups.end(), wanted.groups.begin(), wanted.groups.end());
  next.extra = std::move(wanted.extra);
  next.agent = caller.agent;
  const bool nobody = std::find(next.groups.begin(), next.groups.end(), "system:unauthenticated") !=
                      next.groups.end();
  if (next.user == anonymous().user) {
    if (!nobody) next.groups.emplace_back("system:unauthenticated");
  } else if (!nobody) {
    add_authenticated(next);
  }
  caller = std::move(next);
  return true;
}

}  // namespace charter
