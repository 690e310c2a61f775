#pragma once

#include "controller/object/admit.h"

namespace charter {

/// Of UserInfo of authentication.k8s.io/v1, the inverse of user_info(): what is missing or of
/// another type is empty. Without an agent.
Caller caller_of(const Json& user);

}  // namespace charter
