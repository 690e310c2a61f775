#pragma once

#include "controller/api/rbac_rule.h"

#include <vector>

// Who may grant what: whether rules that somebody holds cover rules that he wants to give, as
// kube-apiserver's rbac validation decides. Pure.
namespace charter {

/// Rules of `wanted` that `held` does not cover, broken down to single permissions and put together
/// again by verb. Empty when all is covered. Errors: Forbidden when the rules hold more single
/// permissions than kRbacPermissionsMax.
Result<std::vector<PolicyRule>> missing_rules(const std::vector<PolicyRule>& held,
                                              const std::vector<PolicyRule>& wanted);

/// Merges rules for one resource of one group (and at most one name) that differ in their verbs
/// only.
std::vector<PolicyRule> compact_rules(const std::vector<PolicyRule>& rules);

}  // namespace charter
