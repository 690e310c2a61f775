#pragma once

#include <optional>

#include "controller/api/http_types.h"
#include "controller/object/admit.h"

// Who is calling. The one place where identities enter.
namespace charter {

/// The caller proven by a verified client certificate (CN = user, O = groups; "system:authenticated" added); nothing when unproven.
std::optional<Caller> authenticate(const HttpRequest& request);

}  // namespace charter
