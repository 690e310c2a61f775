#pragma once

#include "controller/object/value.h"

#include <memory>
#include <string>
#include <vector>

// Manifests as `kubectl apply -f` finds them.
namespace charter {

/// One document and where it stands.
struct Manifest {
  std::string source;                ///< "70-contract.yaml, document 2"
  std::shared_ptr<const Json> tree;  ///< never null
};

/// Reads a file, or all *.yaml, *.yml and *.json of a directory (not of those below it) in order of
/// name. A List is taken apart. Errors: NotFound, Invalid naming file and document.
Result<std::vector<Manifest>> read_manifests(const std::string& path);

/// The documents of one file's text, of which errors and Manifest::source speak as `source`.
Result<std::vector<Manifest>> parse_manifests(const std::string& source, const std::string& text);

}  // namespace charter
