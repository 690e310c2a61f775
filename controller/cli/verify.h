#pragma once

#include "controller/base/command.h"

namespace charter {

/// `charter verify`: checks a store that is not in use, or a ledger in PostgreSQL; exit code 0 when
/// sound, 1 with findings, 2 when it cannot be read.
Command verify_command();

}  // namespace charter
