#pragma once

#include "controller/git/git_reader.h"

// What of a tree is to be applied. Pure.
namespace charter {

/// The files that are to be applied, in order of path (a kustomization's own files are none of
/// them).
///
///   directory with a kustomization   -> exactly what its `resources` name: files, or directories
///   below it that have one directory without one            -> its manifests, and the same for
///   each directory below it
///
/// Errors (Invalid): a kustomization uses anything else than `resources` (the message names file
/// and field), is not YAML, or names what is not there, is outside of the tree, is remote, or is
/// named twice.
Result<std::vector<GitFile>> manifests_of(const GitTree& tree);

}  // namespace charter
