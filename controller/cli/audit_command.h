#pragma once

#include "controller/base/command.h"

namespace charter {

/// `charter audit verify`.
Command audit_verify_command();

}  // namespace charter
