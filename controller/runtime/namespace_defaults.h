#pragma once

#include "controller/runtime/manager.h"

#include <string>

namespace charter {

/// Registers the controller that keeps in each namespace what programs expect there: the
/// ServiceAccount "default", and the ConfigMap kube-root-ca.crt with the certificate of the
/// server's CA. As Kubernetes' service-account and root-ca-cert-publisher controllers.
void add_namespace_defaults(Manager& manager, std::string ca_pem);

}  // namespace charter
