#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "drivers/machine_driver.h"
#include "drivers/simulated/sim_rows.h"
#include "drivers/simulated/sim_settings.h"

#include <cstdint>
#include <string>
#include <vector>

// How simulated machines behave: functions over one transaction. No clock is read here; `at` is the
// moment at which a change takes effect.
//
//   target   before power_at  from then on
//   On       Starting         On, address known
//   Off      Stopping         Off, staged resize counts
//   Crashed  Crashed          Crashed (killed, or its host lost power)
//   Paused   Paused           Paused (only an admin does that)
namespace charter {

/// What a machine is doing at a moment.
PowerState power_of(const SimMachine& machine, Instant now);

/// The port's view of a machine at a moment.
MachineState state_of(const SimMachine& machine, Instant now, std::vector<std::string> volume_uids);

/// True when the thing carries our stamp.
template <class Thing>
bool is_ours(const Thing& thing) {
  return !thing.uid.empty() && thing.owner == thing.uid;
}

/// The refusal to touch what does not carry our stamp.
Error not_ours(const std::string& kind, const std::string& uid);

/// What a create did, so that the ledger can tell a repeat from the first.
enum class SimEffect { Nothing, Created, Removed };

/// Makes the machine, powered off. Errors: Invalid (also reason Infeasible: no host is large
/// enough), Conflict (same uid, other spec), Forbidden (not ours), NotFound (a volume),
/// TooManyRequests with reason WaitForCapacity.
Result<SimEffect> create_machine(SimRows& rows, const MachineSpec& spec,
                                 const SimSettings& settings, Instant at);

/// Starts or stops. Errors: NotFound, Forbidden, Invalid, ServiceUnavailable when its host is down.
Status power_machine(SimRows& rows, const std::string& uid, PowerState wanted,
                     const SimSettings& settings, Instant at);

/// Resizes live, at once when it is off, else stages. Errors: as above, and WaitForCapacity of its
/// own host.
Result<ResizeOutcome> resize_machine(SimRows& rows, const std::string& uid, int vcpus,
                                     int64_t memory_bytes, const SimSettings& settings, Instant at);

/// Removes machine and boot disk; volumes are detached. Errors: Forbidden.
Result<SimEffect> remove_machine(SimRows& rows, const std::string& uid);

/// The host for a machine: the one with most free memory that may take it; by name among equals.
/// Errors: WaitForCapacity, Infeasible.
Result<std::string> place(SimRows& rows, const Capacity& need, const Protection& protection);
/// The host for a volume: the one with most free storage. Errors: as above.
Result<std::string> place_volume(SimRows& rows, int64_t size_bytes);

/// Power loss: what an admin's kill and a host going down do to the row.
void crash(SimMachine& machine, Instant at);

/// Deterministic address of the id-th machine of a world: unique for the first 16 million.
std::string address_of(int64_t id, uint64_t seed);

}  // namespace charter
