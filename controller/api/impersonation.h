#pragma once

#include "controller/api/authorizer.h"
#include "controller/api/http_types.h"

namespace charter {

/// Replaces the caller by who the Impersonate-* headers name (kubectl --as), if he may impersonate
/// each of user, groups, uid and extra; true when there were such headers. As kube-apiserver's
/// impersonation filter. Errors: BadRequest for headers that do not fit together, Forbidden in
/// kube-apiserver's words.
Result<bool> impersonate(const Authorizer& authorizer, const HttpRequest& request, Caller& caller);

}  // namespace charter
