#pragma once

#include "controller/base/command.h"

#include <iosfwd>

namespace charter::exporting {

/// `charter export`: what runs, as manifests in the order in which they can be applied. The server
/// is only read. Remarks and progress go to `err`. Exit codes: 0, 1 failed, 2 wrong usage.
Command command(std::ostream& out, std::ostream& err);

}  // namespace charter::exporting
