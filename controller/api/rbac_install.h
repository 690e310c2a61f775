#pragma once

#include "controller/api/resource_verbs.h"
#include "controller/base/embedded.h"

#include <span>

namespace charter {

/// Creates the ClusterRoles and ClusterRoleBindings of `files` (YAML streams), and gives those that
/// exist back the rules and subjects that they lack, as kube-apiserver does at start: what people
/// added stays, and what carries the annotation rbac.authorization.kubernetes.io/autoupdate:
/// "false" is left alone. Writes nothing when all is as it should be. Blocks.
Status install_roles(ResourceVerbs& verbs, std::span<const embedded::File> files);

}  // namespace charter
