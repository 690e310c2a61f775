#pragma once

#include "controller/runtime/reconciler.h"
#include "drivers/counter_readings.h"
#include "drivers/provider_driver.h"
#include "reconcilers/machine/plan.h"

// One look at the world around a machine.
namespace charter::machine {

/// Errors: could not look.
Result<Observed> look(const Machine& machine, const Runtime& rt, DriverPool& drivers);

/// Reads a machine's counters once more before its run ends: its host forgets them. Where it is not
/// charged by them, or they were read within the last seconds, nothing is asked. A provider that
/// cannot tell does not keep a machine from stopping.
void read_before_it_stops(const Machine& machine, ProviderDriver& driver, CounterReadings& readings,
                          const Clock& clock);

}  // namespace charter::machine
