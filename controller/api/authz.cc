#include "controller/api/authz.h"

#include <algorithm>

namespace charter {

bool is_public(const Route& route) {
  return route.place == Route::Place::Health || route.place == Route::Place::ServerVersion;
}

Status authorize(const Caller& caller, const Route& route) {
  const auto& groups = caller.groups;
  if (std::find(groups.begin(), groups.end(), "system:masters") != groups.end()) return {};
  if (is_public(route)) return {};
  const std::string who = "User \"" + caller.user + "\" cannot ";
  if (route.place != Route::Place::Resource) {
    return Error{Code::Forbidden, "forbidden: " + who + "get path \"" + route.rest + "\""};
  }
  const std::string resource = route.resource + (route.subresource.empty() ? "" : "/" + route.subresource);
  const std::string qualified = route.group.empty() ? route.resource : route.resource + "." + route.group;
  const std::string named = route.name.empty() ? "" : " \"" + route.name + "\"";
  const std::string scope = route.ns.empty() ? " at the cluster scope" : " in the namespace \"" + route.ns + "\"";
  return Error{Code::Forbidden,
               qualified + named + " is forbidden: " + who + std::string(verb_word(route.verb)) + " resource \"" + resource +
                   "\" in API group \"" + route.group + "\"" + scope,
               {},
               {},
               Subject{route.group, route.resource, route.name, {}}};
}

}  // namespace charter
