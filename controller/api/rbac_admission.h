#pragma once

#include "controller/api/authorizer.h"
#include "controller/api/resource_verbs.h"

// Nobody gives away more than he has: a role's writer must hold each of its rules (or the verb
// `escalate`), a binding's writer those of the role it binds (or the verb `bind`), as
// kube-apiserver's policy-based storage checks.
namespace charter {

/// Success, or Forbidden in kube-apiserver's words. `before` is null on create. Only for roles and
/// bindings; success for all else.
Status check_escalation(const Authorizer& authorizer, const ResourceType& type,
                        const Caller& caller, const Json& object, const Json* before);

}  // namespace charter
