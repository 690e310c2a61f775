#pragma once

#include "controller/cli/product.h"

namespace charter {

/// `charter plan -f DIR`: what applying manifests would do to what a server holds, and cost, found
/// out by living through it in this process; the server is only read. Exit codes: 0 nothing would
/// change, 2 something would, 1 a document would be refused or the plan could not be made.
Command plan_command(const Product& product);

}  // namespace charter
