#pragma once

#include <string>

namespace charter {

/// The body of /version: the Kubernetes level that this API follows, which clients parse as a
/// semantic version, with the program's own version as its build metadata.
std::string server_version();

}  // namespace charter
