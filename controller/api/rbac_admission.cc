#include "controller/api/rbac_admission.h"

#include "controller/api/rbac_cover.h"
#include "controller/api/rbac_validate.h"
#include "controller/api/status_body.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <set>

namespace charter {
namespace {

/// One write being judged.
struct RbacWrite {
  const Authorizer& authorizer;
  const ResourceType& type;
  const Caller& caller;
  std::string ns, name;
};

std::string go_list(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& entry : list)
    out += (out.size() > 1 ? " " : "") + go_quote(entry);
  return out + "]";
}

/// Success when the caller holds all of `wanted` where it is to apply.
Status confirm_held(const RbacWrite& write, const std::vector<PolicyRule>& wanted) {
  const HeldRules held = write.authorizer.table()->rules_of(write.caller, write.ns);
  CHARTER_TRY_ASSIGN(const std::vector<PolicyRule> missing, missing_rules(held.rules, wanted));
  if (missing.empty()) return {};
  std::set<std::string> lines;
  for (const PolicyRule& rule : missing)
    lines.insert(to_string(rule));
  std::string text = "user " + go_quote(write.caller.user) +
                     " (groups=" + go_list(write.caller.groups) +
                     ") is attempting to grant RBAC permissions not currently held:";
  for (const std::string& line : lines)
    text += "\n" + line;
  if (!held.missing_roles.empty()) {
    text += "; resolution errors: [";
    for (size_t i = 0; i < held.missing_roles.size(); ++i)
      text += (i ? ", " : "") + held.missing_roles[i];
    text += "]";
  }
  return Error{Code::Forbidden, std::move(text)};
}

Status refuse(const RbacWrite& write, Status verdict) {
  if (verdict || verdict.error().code != Code::Forbidden) return verdict;
  return forbidden(write.type, write.name, verdict.error().message);
}

bool may(const RbacWrite& write, std::string verb, std::string resource, std::string name) {
  AccessRequest request;
  request.verb = std::move(verb);
  request.group = kRbacGroup;
  request.resource = std::move(resource);
  request.ns = write.ns;
  request.name = std::move(name);
  return write.authorizer.allows(write.caller, request);
}

const Json* aggregation_of(const Json& role) {
  const Json* rule = at(role, {"aggregationRule"});
  return rule && !rule->is_null() ? rule : nullptr;
}

Status check_role(const RbacWrite& write, const Json& role, const Json* before) {
  const bool collects = aggregation_of(role) != nullptr;
  if (before && role.value("rules", Json()) == before->value("rules", Json()) &&
      role.value("aggregationRule", Json()) == before->value("aggregationRule", Json())) {
    return {};
  }
  if (may(write, "escalate", write.type.gvr.resource, write.name)) return {};
  if (collects || (before && aggregation_of(*before))) {
    const std::vector<PolicyRule> everything = {{{"*"}, {"*"}, {"*"}, {}, {}},
                                                {{"*"}, {}, {}, {}, {"*"}}};
    if (!confirm_held(write, everything)) {
      return forbidden(write.type, write.name,
                       "must have cluster-admin privileges to use an aggregationRule");
    }
  }
  return refuse(write, confirm_held(write, read_rules(role)));
}

Status check_binding(const RbacWrite& write, const Json& binding, const Json* before) {
  if (before && binding.value("subjects", Json()) == before->value("subjects", Json())) return {};
  const RoleRef role = read_binding(binding).role;
  const std::string resource = role.cluster ? "clusterroles" : "roles";
  if (may(write, "bind", resource, role.name)) return {};
  const auto rules = write.authorizer.table()->rules_of_role(role, write.ns);
  if (!rules) {
    return Error{
        Code::NotFound,
        resource + "." + std::string(kRbacGroup) + " " + go_quote(role.name) + " not found",
        {},
        {},
        Subject{std::string(kRbacGroup), resource, role.name, {}}};
  }
  return refuse(write, confirm_held(write, *rules));
}

}  // namespace

Status check_escalation(const Authorizer& authorizer, const ResourceType& type,
                        const Caller& caller, const Json& object, const Json* before) {
  if (!is_rbac_kind(type) || is_master(caller)) return {};
  const RbacWrite write{authorizer, type, caller, text_at(object, {"metadata", "namespace"}),
                        text_at(object, {"metadata", "name"})};
  return type.kind.ends_with("Binding") ? check_binding(write, object, before)
                                        : check_role(write, object, before);
}

}  // namespace charter
