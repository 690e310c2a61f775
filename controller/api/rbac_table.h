#pragma once

#include "controller/api/rbac_rule.h"
#include "controller/object/admit.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Who may do what, compiled from Roles, ClusterRoles and their bindings: an immutable table that
// answers from look-ups by namespace and subject. A change compiles its own scope (one namespace,
// or the cluster) anew and shares the rest.
//
//   request in namespace N by user U with groups G...
//     -> cluster scope:  bindings of U, of each G  -> ClusterRole                -> a rule that
//     allows?
//     -> scope N:        bindings of U, of each G  -> Role of N, or ClusterRole  -> a rule that
//     allows?
namespace charter {

/// roleRef of a binding.
struct RoleRef {
  bool cluster = true;  ///< a ClusterRole; else a Role of the binding's namespace
  std::string name;
};

/// One entry of a binding's subjects.
struct RbacSubject {
  std::string kind;  ///< User, Group or ServiceAccount
  std::string name;
  std::string ns;  ///< of a ServiceAccount
};

/// A RoleBinding (`ns` set) or ClusterRoleBinding.
struct RbacBinding {
  std::string ns, name;
  RoleRef role;
  std::vector<RbacSubject> subjects;
};

/// Reads a binding; subjects of unknown kinds bind nobody.
RbacBinding read_binding(const Json& binding);

/// Why a request is allowed. Keeps what it names alive.
struct Grant {
  std::shared_ptr<const RbacBinding> binding;
  size_t subject = 0;
  /// `RBAC: allowed by ClusterRoleBinding "x" of ClusterRole "y" to User "z"`.
  std::string reason() const;
};

/// The rules that hold for somebody, and bindings whose role does not exist.
struct HeldRules {
  std::vector<PolicyRule> rules;
  std::vector<std::string>
      missing_roles;  ///< `clusterrole.rbac.authorization.k8s.io "x" not found`
};

/// The immutable table. Thread-safe.
class RbacTable {
 public:
  RbacTable();

  /// What allows the request, or nothing. Does not know system:masters.
  std::optional<Grant> find_grant(const Caller& caller, const AccessRequest& request) const;
  /// All rules that hold for the caller in `ns` (empty: at cluster scope only).
  HeldRules rules_of(const Caller& caller, std::string_view ns) const;
  /// Rules of a role as a binding in `ns` would give them; nothing when there is no such role.
  std::optional<std::vector<PolicyRule>> rules_of_role(const RoleRef& role,
                                                       std::string_view ns) const;

 private:
  friend class RbacCompiler;
  using Rules = std::shared_ptr<const std::vector<PolicyRule>>;
  /// Finds by string_view without making a string.
  struct TextHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  template <class T>
  using ByText = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;
  /// Roles and bindings of one namespace, or of the cluster.
  struct Scope {
    ByText<Rules> roles;
    ByText<std::vector<Grant>> by_user, by_group;
  };
  using ScopePtr = std::shared_ptr<const Scope>;
  using Scopes = std::map<std::string, ScopePtr, std::less<>>;

  const std::vector<PolicyRule>* find_rules(const Scope& scope, const RoleRef& role) const;
  const Scope* scope_of(std::string_view ns) const;
  /// Calls `visit(scope, grant)` for each binding of the caller until it returns false.
  template <class Visit>
  void each_grant(const Caller& caller, std::string_view ns, const Visit& visit) const;

  ScopePtr cluster_;
  std::shared_ptr<const Scopes> namespaces_;
};

/// Follows roles and bindings and compiles tables. Not thread-safe.
class RbacCompiler {
 public:
  /// Takes a role or binding as it is now; null: it is gone. `resource`: roles, clusterroles,
  /// rolebindings or clusterrolebindings.
  void put(std::string_view resource, const ObjectName& name, const Json* object);
  /// A table of all that was put.
  std::shared_ptr<const RbacTable> compile();

 private:
  /// What one scope is compiled from.
  struct Source {
    std::map<std::string, RbacTable::Rules> roles;
    std::map<std::string, std::shared_ptr<const RbacBinding>> bindings;
  };
  static RbacTable::ScopePtr compile_scope(const Source& source);

  std::map<std::string, Source, std::less<>> sources_;  // "" is the cluster
  std::set<std::string, std::less<>> changed_;
  std::shared_ptr<const RbacTable> table_ = std::make_shared<const RbacTable>();
};

}  // namespace charter
