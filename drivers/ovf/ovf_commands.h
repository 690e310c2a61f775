#pragma once

#include "controller/base/command.h"

#include <iosfwd>
#include <vector>

// `charter import ovf FILE`: an OVF package, as an archive (.ova) or as a descriptor beside its
// files
// (.ovf), becomes images in the server's store and documents to be applied. Documents go to `out`;
// what was left out, and why, goes to `err`. Exit codes: 0 fine; 1 refused or failed; 2 wrong
// usage.
namespace charter {

/// The command. Both streams outlive it.
std::vector<Command> ovf_commands(std::ostream& out, std::ostream& err);

}  // namespace charter
