#pragma once

#include "controller/base/command.h"
#include "controller/base/result.h"

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

// `charter image …`: the images that this server's drivers make boot disks of.
//
//   image import FILE [--sha256 HEX]    inspects, hashes and copies; prints digest, format and size
//   image import URL --sha256 HEX       the same with what an https address gives, at most
//   --size-max image list
//
// They lie in <data-dir>/images and may be imported while the server runs. Exit codes: 0 fine; 1
// refused or failed; 2 wrong usage.
namespace charter {

/// Brings what lies at an https address to a sink, piece by piece; trusts `ca_pem`, or what the
/// machine trusts when that is empty. Follows no redirect.
using Download = std::function<Status(const std::string& url, const std::string& ca_pem,
                                      const std::function<Status(std::string_view)>& sink)>;

/// The commands. Results go to `out`, failures to `err`; all three outlive the commands.
std::vector<Command> image_commands(std::ostream& out, std::ostream& err, Download download);

}  // namespace charter
