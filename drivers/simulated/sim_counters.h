#pragma once

#include "controller/base/clock.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_rows.h"

#include <vector>

// What simulated machines consume: a steady load that follows from how long a machine has run since
// its start, and with how many virtual processors. As with power, nobody advances it: a row holds
// the sums up to its last change, the clock gives the rest. Like a real host it counts until the
// machine is off, shutting down included, and booting not.
//
//   for each second that it runs    for each virtual processor
//   64 KiB read, 32 KiB written     0.25 s of processor time
//   16 KiB received, 48 KiB sent    100 page faults
namespace charter {

/// Sums up to `at`. To be called before anything changes on which consumption depends: power and
/// virtual processors.
void count_until(SimMachine& machine, Instant at);
/// A start: everything counts from zero, in a new epoch, from when it has booted.
void begin_counting(SimMachine& machine);
/// The port's view at a moment. Its epoch names the machine and its boot.
MachineCounters counters_of(const SimMachine& machine, Instant now);
/// Of all machines with our stamp that ever ran and whose host is up, by uid.
std::vector<MachineCounters> read_counters(SimRows& rows, Instant now);

}  // namespace charter
