#pragma once

#include "controller/base/command.h"
#include "controller/cli/manifests.h"
#include "controller/runtime/rehearsed.h"

#include <vector>

// Manifests that `charter plan --git` reads from a repository.
namespace charter {

/// The options that say where: --git, --ref, --path, and with which credentials.
void add_git_flags(std::vector<CommandFlag>& flags);

/// Errors (Invalid): one of these options is given, but no --git.
Status refuse_git_flags(const CommandInput& input);

/// What a commit holds.
struct GitManifests {
  std::vector<Manifest> manifests;  ///< never empty
  DocumentOrigin origin;
};

/// Reads what the options name, through a clone that is removed again. Errors: of the options'
/// files, of the repository (git_reader.h), of its manifests.
Result<GitManifests> read_git_manifests(const CommandInput& input);

}  // namespace charter
