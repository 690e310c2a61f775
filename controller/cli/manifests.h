#pragma once

#include "controller/object/manifest.h"

#include <string>
#include <vector>

// Manifests as `kubectl apply -f` finds them.
namespace charter {

/// Reads a file, or all *.yaml, *.yml and *.json of a directory (not of those below it) in order of
/// name. Errors: NotFound, Invalid naming file and document.
Result<std::vector<Manifest>> read_manifests(const std::string& path);

}  // namespace charter
