#pragma once

#include "controller/api/http_types.h"
#include "controller/api/router.h"
#include "controller/object/admit.h"
#include "controller/object/kind_registry.h"

// Discovery documents from the table of kinds: aggregated (apidiscovery.k8s.io/v2) and legacy (kubernetes.md 3.2). Pure.
namespace charter {

/// Verbs every resource has, in kube-apiserver's order for custom resources.
const std::vector<std::string>& resource_verbs();

/// Answers /api, /apis, /apis/G, /api/v1 and /apis/G/V; 404 for unknown groups and versions. Honours If-None-Match for aggregated documents.
/// `hooks` tell of read-only subresources.
HttpResponse discovery_response(const KindTable& kinds, const HookTable& hooks, const Route& route,
                                const HttpRequest& request);

}  // namespace charter
