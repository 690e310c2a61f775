#pragma once

#include "controller/base/command.h"

#include <vector>

namespace charter {

/// `charter encryption status | rotate | remove-key`: keys for Secrets at rest, on the data
/// directory of a stopped server.
std::vector<Command> encryption_commands();

}  // namespace charter
