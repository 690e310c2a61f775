#pragma once

#include "controller/api/rbac_rule.h"
#include "controller/api/router.h"
#include "controller/object/kind_registry.h"

// What a request asks permission for. Pure.
namespace charter {

/// The question to the authorizer, as kube-apiserver's RequestInfo makes it: a Namespace is in itself, and a list of one name is about
/// that name.
AccessRequest access_of(const Route& route, std::string_view method);

/// A TokenRequest: any verb on the subresource "token" of a type that has one.
bool is_token_request(const ResourceType& type, const Route& route);

/// Paths that need no identity: /healthz, /livez, /readyz, /version, and those whose callers prove themselves.
bool is_public(const Route& route);

}  // namespace charter
