#pragma once

#include "controller/base/command.h"

#include <vector>

namespace charter {

/// `charter token create|list|delete` and `charter kubeconfig`: an administrator of the data
/// directory gives people and programs identities. The server need not run; a running one honours a
/// change with the next request.
std::vector<Command> identity_commands();

}  // namespace charter
