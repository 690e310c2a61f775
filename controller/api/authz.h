#pragma once

#include "controller/api/router.h"
#include "controller/object/admit.h"

// Who may do what. The one place where permissions enter: members of system:masters may do everything, nobody else anything.
namespace charter {

/// Success, or Forbidden in kube-apiserver's words.
Status authorize(const Caller& caller, const Route& route);

/// Paths that need no identity: /healthz, /livez, /readyz, /version.
bool is_public(const Route& route);

}  // namespace charter
