#pragma once

#include "controller/api/resource_verbs.h"

#include <string>
#include <vector>

// Rules for Roles, ClusterRoles and their bindings beyond the schema, in kube-apiserver's words and
// field paths. Pure.
namespace charter {

/// True for the four kinds of rbac.authorization.k8s.io.
bool is_rbac_kind(const ResourceType& type);

/// Fills in the API groups that RBAC defaults: of roleRef, of Users and Groups.
void complete_rbac(const ResourceType& type, Json& object);

/// Findings beyond the schema; `before` is null on create.
void check_rbac(const ResourceType& type, const Json& object, const Json* before,
                std::vector<Cause>& causes);

/// Why a name can't be one of these kinds' ("a/b"); empty if it can. They may hold what a path
/// segment may ("system:discovery").
std::string rbac_name_problem(const std::string& name);

}  // namespace charter
