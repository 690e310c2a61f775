#include "controller/api/rbac_table.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

bool is_known(const std::string& kind) {
  return kind == "User" || kind == "Group" || kind == "ServiceAccount";
}

std::string describe(const RbacSubject& subject) {
  const std::string name =
      subject.kind == "ServiceAccount" ? subject.name + "/" + subject.ns : subject.name;
  return subject.kind + " " + go_quote(name);
}

std::string not_found_text(const RoleRef& role) {
  return std::string(role.cluster ? "clusterrole" : "role") + "." + std::string(kRbacGroup) + " " +
         go_quote(role.name) + " not found";
}

}  // namespace

RbacBinding read_binding(const Json& binding) {
  RbacBinding out;
  out.ns = text_at(binding, {"metadata", "namespace"});
  out.name = text_at(binding, {"metadata", "name"});
  out.role = {text_at(binding, {"roleRef", "kind"}) != "Role",
              text_at(binding, {"roleRef", "name"})};
  const Json* subjects = at(binding, {"subjects"});
  if (!subjects || !subjects->is_array()) return out;
  for (const Json& entry : *subjects) {
    RbacSubject subject{text_at(entry, {"kind"}), text_at(entry, {"name"}),
                        text_at(entry, {"namespace"})};
    if (!is_known(subject.kind)) continue;
    if (subject.kind == "ServiceAccount" && subject.ns.empty()) subject.ns = out.ns;
    out.subjects.push_back(std::move(subject));
  }
  return out;
}

std::string Grant::reason() const {
  const RbacBinding& b = *binding;
  const std::string kind = b.ns.empty() ? "ClusterRoleBinding " : "RoleBinding ";
  const std::string name = b.ns.empty() ? b.name : b.name + "/" + b.ns;
  return "RBAC: allowed by " + kind + go_quote(name) + " of " +
         (b.role.cluster ? "ClusterRole " : "Role ") + go_quote(b.role.name) + " to " +
         describe(b.subjects[subject]);
}

RbacTable::RbacTable()
    : cluster_(std::make_shared<const Scope>()), namespaces_(std::make_shared<const Scopes>()) {}

const RbacTable::Scope* RbacTable::scope_of(std::string_view ns) const {
  const auto found = namespaces_->find(ns);
  return found == namespaces_->end() ? nullptr : found->second.get();
}

const std::vector<PolicyRule>* RbacTable::find_rules(const Scope& scope,
                                                     const RoleRef& role) const {
  const auto& roles = role.cluster ? cluster_->roles : scope.roles;
  const auto found = roles.find(role.name);
  return found == roles.end() ? nullptr : found->second.get();
}

template <class Visit>
void RbacTable::each_grant(const Caller& caller, std::string_view ns, const Visit& visit) const {
  const Scope* scopes[] = {cluster_.get(), ns.empty() ? nullptr : scope_of(ns)};
  for (const Scope* scope : scopes) {
    if (!scope) continue;
    const auto visit_all = [&](const ByText<std::vector<Grant>>& index, const std::string& key) {
      const auto found = index.find(key);
      if (found == index.end()) return true;
      return std::all_of(found->second.begin(), found->second.end(),
                         [&](const Grant& grant) { return visit(*scope, grant); });
    };
    if (!visit_all(scope->by_user, caller.user)) return;
    for (const std::string& group : caller.groups) {
      if (!visit_all(scope->by_group, group)) return;
    }
  }
}

std::optional<Grant> RbacTable::find_grant(const Caller& caller,
                                           const AccessRequest& request) const {
  std::optional<Grant> out;
  each_grant(caller, request.ns, [&](const Scope& scope, const Grant& grant) {
    const auto* rules = find_rules(scope, grant.binding->role);
    if (rules && std::any_of(rules->begin(), rules->end(),
                             [&](const PolicyRule& rule) { return allows(rule, request); })) {
      out = grant;
    }
    return !out;
  });
  return out;
}

HeldRules RbacTable::rules_of(const Caller& caller, std::string_view ns) const {
  HeldRules out;
  each_grant(caller, ns, [&](const Scope& scope, const Grant& grant) {
    if (const auto* rules = find_rules(scope, grant.binding->role)) {
      out.rules.insert(out.rules.end(), rules->begin(), rules->end());
      return true;
    }
    std::string text = not_found_text(grant.binding->role);
    auto& missing = out.missing_roles;
    if (std::find(missing.begin(), missing.end(), text) == missing.end())
      missing.push_back(std::move(text));
    return true;
  });
  return out;
}

std::optional<std::vector<PolicyRule>> RbacTable::rules_of_role(const RoleRef& role,
                                                                std::string_view ns) const {
  const Scope* scope = role.cluster ? cluster_.get() : scope_of(ns);
  const auto* rules = scope ? find_rules(*scope, role) : nullptr;
  if (!rules) return std::nullopt;
  return *rules;
}

void RbacCompiler::put(std::string_view resource, const ObjectName& name, const Json* object) {
  Source& source = sources_[name.ns];
  changed_.insert(name.ns);
  if (resource == "roles" || resource == "clusterroles") {
    if (object) {
      source.roles[name.name] =
          std::make_shared<const std::vector<PolicyRule>>(read_rules(*object));
    } else {
      source.roles.erase(name.name);
    }
    return;
  }
  if (object) {
    source.bindings[name.name] = std::make_shared<const RbacBinding>(read_binding(*object));
  } else {
    source.bindings.erase(name.name);
  }
}

RbacTable::ScopePtr RbacCompiler::compile_scope(const Source& source) {
  auto scope = std::make_shared<RbacTable::Scope>();
  for (const auto& [name, rules] : source.roles)
    scope->roles.emplace(name, rules);
  for (const auto& [name, binding] : source.bindings) {
    for (size_t i = 0; i < binding->subjects.size(); ++i) {
      const RbacSubject& subject = binding->subjects[i];
      if (subject.kind == "Group") {
        scope->by_group[subject.name].push_back({binding, i});
      } else if (subject.kind == "User") {
        scope->by_user[subject.name].push_back({binding, i});
      } else if (!subject.ns.empty()) {
        scope->by_user["system:serviceaccount:" + subject.ns + ":" + subject.name].push_back(
            {binding, i});
      }
    }
  }
  return scope;
}

std::shared_ptr<const RbacTable> RbacCompiler::compile() {
  if (changed_.empty()) return table_;
  auto next = std::make_shared<RbacTable>(*table_);
  std::shared_ptr<RbacTable::Scopes> scopes;
  for (const std::string& ns : changed_) {
    const auto source = sources_.find(ns);
    const bool empty = source->second.roles.empty() && source->second.bindings.empty();
    if (ns.empty()) {
      next->cluster_ = compile_scope(source->second);
      continue;
    }
    if (!scopes) scopes = std::make_shared<RbacTable::Scopes>(*table_->namespaces_);
    if (empty) {
      scopes->erase(ns);
      sources_.erase(source);
    } else {
      (*scopes)[ns] = compile_scope(source->second);
    }
  }
  if (scopes) next->namespaces_ = std::move(scopes);
  changed_.clear();
  table_ = next;
  return table_;
}

}  // namespace charter
