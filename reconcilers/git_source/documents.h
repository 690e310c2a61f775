#pragma once

#include "controller/git/git_reader.h"
#include "controller/object/manifest.h"

#include <vector>

// From the files of a commit to the manifests that are applied. Pure.
namespace charter::git_source {

/// The manifests of a tree in the order they are applied in: what others refer to comes first
/// (namespaces, definitions, rights, providers … contracts, instances), else as the files stand.
/// A List is taken apart. Errors: Invalid naming file and document: not YAML, no mapping, no
/// apiVersion, kind or metadata.name, the same object twice, too many.
Result<std::vector<Manifest>> documents_of(const GitTree& tree);

}  // namespace charter::git_source
