#pragma once

#include "controller/base/clock.h"
#include "controller/base/command.h"

#include <iosfwd>
#include <vector>

// `charter sim …`: an administrator's hands on simulated hosts, from beside a running server. Each
// command opens the provider's world in <data-dir>/sim on its own; the server sees the change with
// its next look.
//
//   sim list | volumes | hosts | calls [UID]        tables
//   sim inspect MACHINE                             one machine with all that it was made with
//   sim kill | undefine MACHINE                     power loss; deletion behind Charter's back
//   sim reset-counters MACHINE                      what it has consumed counts from zero again
//   sim edit MACHINE --vcpus N --memory SIZE        another definition
//   sim add-foreign NAME                            a machine that is not ours
//   sim host-up | host-down HOST                    a host's power
//   sim verify                                      proof from the ledger: no uid ever existed
//   twice
//
// Exit codes: 0 fine; 1 failed, or verify found something; 2 wrong usage.
namespace charter {

/// The commands. Results go to `out`, failures to `err`; all three outlive the commands.
std::vector<Command> sim_commands(std::ostream& out, std::ostream& err, const Clock& clock);

}  // namespace charter
