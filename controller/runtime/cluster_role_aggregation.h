#pragma once

#include "controller/runtime/manager.h"

namespace charter {

/// Registers the controller that writes the rules of ClusterRoles with an aggregationRule: those of
/// all ClusterRoles that it selects, in order of name, each once. As Kubernetes'
/// clusterrole-aggregation-controller.
void add_cluster_role_aggregation(Manager& manager);

}  // namespace charter
