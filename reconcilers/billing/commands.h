#pragma once

#include "controller/base/command.h"

#include <iosfwd>
#include <vector>

// What billing adds to the command line; both talk to a server by kubeconfig.
//
//   usage export CONTRACT     what was used, as CSV, FOCUS or JSON
//   invoice show NAME         a bill, readable; with --html FILE as a page with the usage drawn
//
// Exit codes: 0 fine; 1 failed; 2 wrong usage.
namespace charter::billing {

/// The commands. Results go to `out`, failures to `err`; both outlive the commands.
std::vector<Command> commands(std::ostream& out, std::ostream& err);

}  // namespace charter::billing
