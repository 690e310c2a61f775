#pragma once

#include "controller/base/command.h"

#include <iosfwd>
#include <vector>

// `charter image …`: the images that this server's drivers make boot disks of.
//
//   image import FILE [--sha256 HEX]    inspects, hashes and copies; prints digest, format and size
//   image list
//
// They lie in <data-dir>/images and may be imported while the server runs. Exit codes: 0 fine; 1
// refused or failed; 2 wrong usage.
namespace charter {

/// The commands. Results go to `out`, failures to `err`; both outlive the commands.
std::vector<Command> image_commands(std::ostream& out, std::ostream& err);

}  // namespace charter
