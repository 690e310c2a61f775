#pragma once

#include "controller/object/ledger.h"
#include "reconcilers/machine/plan.h"

#include <optional>
#include <vector>

// What a machine is charged for. Pure.
//
//   basis      begins                        ends
//   Allocated  seen at the provider          before it is removed there, or seen to be gone
//   Active     running, by the host's clock  not running any more, by the host's clock
//
// Shutting down counts as running: it takes the processors until it is off. Booting does not. A
// machine that could not be looked at goes on as it was, so that an outage leaves no gap. Without a
// contract nobody is charged.
namespace charter::machine {

/// status.metering after this look.
std::optional<Metering> metered(const Machine& machine, const Observed& have);
/// Whether something is still charged for that must end before the machine goes.
bool is_charged(const std::optional<Metering>& metering);
/// KindHooks::meter: "machine", Allocated and Active, in cpu-hours (virtual processors),
/// memory-hours (bytes) and machine-hours; and "consumption" (consumption.h).
std::vector<MeterSpan> meter(const Json& machine);

}  // namespace charter::machine
