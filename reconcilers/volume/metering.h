#pragma once

#include "controller/object/ledger.h"
#include "reconcilers/volume/plan.h"

#include <optional>
#include <vector>

// What a volume is charged for: its size, from the second in which it was first seen at the
// provider until the end is noted before it is removed or handed back, or until it is seen to be
// gone. One that outlives its contract is charged to nobody. Pure.
namespace charter::volume {

/// status.metering after this look.
std::optional<Metering> metered(const Volume& volume, const Observed& have);
/// Whether something is still charged for that must end before the volume goes.
bool is_charged(const std::optional<Metering>& metering);
/// KindHooks::meter: "volume", Allocated, in storage (bytes).
std::vector<MeterSpan> meter(const Json& volume);

}  // namespace charter::volume
