#pragma once

#include "controller/object/view.h"
#include "reconcilers/account/permissions.h"

#include <string>
#include <vector>

// The RBAC objects of an account: in each of its namespaces that exists one Role and one
// RoleBinding for each permission that any member has, and for AdministerAccount a ClusterRole and
// its binding. They carry the label charter.dev/account; what carries it and is not wanted goes.
// Names below "charter:" are theirs: what somebody else put there is replaced. Pure.
namespace charter::account {

/// One object to make, change or remove.
struct RoleChange {
  enum class Kind { Put, Drop };
  Kind kind = Kind::Put;
  Gvr resource;
  ObjectName name;
  std::string uid;  ///< Drop: of exactly this object
  bool operator==(const RoleChange&) const = default;
};

/// All objects that the account wants, without metadata beyond name, namespace and label.
std::vector<Json> wanted_roles(const Account& account, const View& view);

/// What has to be done, roles before bindings and removals last; all of them go when `wanted` is
/// empty.
std::vector<RoleChange> role_changes(const std::string& account, const std::vector<Json>& wanted,
                                     const View& view);

/// The resource of one of the four kinds.
const Gvr& resource_of(const Json& object);

}  // namespace charter::account
