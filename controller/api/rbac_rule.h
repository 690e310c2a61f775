#pragma once

#include "controller/object/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// One rule of RBAC and one question to it, as kube-apiserver's rbac.RuleAllows decides. Pure.
namespace charter {

inline constexpr std::string_view kRbacGroup = "rbac.authorization.k8s.io";
inline constexpr std::string_view kAuthenticationGroup = "authentication.k8s.io";
inline constexpr std::string_view kAuthorizationGroup = "authorization.k8s.io";

/// One question: may somebody do this? About a resource, or about a path that is none.
struct AccessRequest {
  std::string verb;
  std::string group, resource, subresource;
  std::string ns;                   ///< empty: at cluster scope
  std::string name;                 ///< empty: no object in particular
  std::optional<std::string> path;  ///< set: not about a resource

  /// "widgets/status", or "widgets".
  std::string combined_resource() const;
};

/// rbac/v1 PolicyRule.
struct PolicyRule {
  std::vector<std::string> verbs, api_groups, resources, resource_names, non_resource_urls;
  bool operator==(const PolicyRule&) const = default;
};

/// The `rules` of a role. What has the wrong type is left out: the schema refuses it, so it gives
/// nobody anything.
std::vector<PolicyRule> read_rules(const Json& role);
/// A rule as it stands in a document; empty members are left out.
Json to_json(const PolicyRule& rule);
/// `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`, as kube-apiserver lists
/// missing permissions.
std::string to_string(const PolicyRule& rule);

/// True when the rule allows the request.
bool allows(const PolicyRule& rule, const AccessRequest& request);

/// True when a rule's path pattern ("/healthz", "/apis/*", "*") covers a path or a narrower
/// pattern.
bool covers_path(std::string_view pattern, std::string_view path);

}  // namespace charter
