#pragma once

#include "controller/object/value.h"
#include "crds/types/account.h"

#include <string>
#include <string_view>
#include <vector>

// What a permission of an account's member means in RBAC: one table. Pure.
//
//   permission        on                             verbs
//   RequestContract   contracts                      read, create, update, patch; amend
//   AcceptContract    contracts                      read, update, patch; accept
//   Terminate         contracts                      read, update, patch, delete; terminate
//   Configure         serviceinstances, volumes      all; with /scale
//                     machines, secrets, events      read
//   ChangeCapacity    serviceinstances               read
//                     serviceinstances/scale         get, update, patch
//   ReadReports       usagereports                   read, create, delete
//                     contracts, invoices, events    read
//   AdministerAccount roles, rolebindings            read
//                     the Account itself             get, update, patch (ClusterRole, by name)
//
// Several people write fields of one Contract: `amend`, `accept` and `terminate` are verbs of the
// kind's own that contract/admit.h asks for, as `bind` and `approve` are in Kubernetes.
namespace charter::account {

/// Verbs of Contracts beyond those of the API.
inline constexpr std::string_view kAmendVerb = "amend";
inline constexpr std::string_view kAcceptVerb = "accept";
inline constexpr std::string_view kTerminateVerb = "terminate";
/// Verb of Accounts: to say which namespaces belong to it, its limits, prices and placement.
inline constexpr std::string_view kGrantVerb = "grant";

/// The rules of a Role in one of the account's namespaces, as in rbac/v1.
Json namespace_rules(Permission permission);
/// The rules of the ClusterRole that AdministerAccount needs: an Account is in no namespace.
Json cluster_rules(const std::string& account);

/// "charter:accept-contract": the name of Role and RoleBinding.
std::string role_name(Permission permission);
/// "charter:account:consumerco": the name of ClusterRole and ClusterRoleBinding.
std::string cluster_role_name(const std::string& account);

}  // namespace charter::account
