#pragma once

#include "controller/cli/product.h"

namespace charter {

/// `charter serve`: the standalone server. Runs until SIGTERM or SIGINT, then stops in order.
Command serve_command(const Product& product);

}  // namespace charter
