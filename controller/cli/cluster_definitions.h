#pragma once

#include "controller/base/command.h"
#include "controller/base/embedded.h"
#include "controller/cli/product.h"
#include "controller/runtime/client.h"

#include <span>
#include <string>
#include <vector>

// The product's CustomResourceDefinitions on somebody else's API server.
namespace charter {

/// Creates those that are missing and gives the others this program's spec; and ClusterRoles alike
/// (`roles`). Errors: the server's, naming the object.
Status install_definitions(Client& client, std::span<const embedded::File> definitions,
                           std::span<const embedded::File> roles);

/// Checks that each is there, established, and serves the version this program speaks. Errors:
/// NotFound or ServiceUnavailable naming those that are not, and what to do.
Status check_definitions(Client& client, std::span<const embedded::File> definitions);

/// `charter crds`: prints them, for kubectl apply.
Command definitions_command(const Product& product);

}  // namespace charter
