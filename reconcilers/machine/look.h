#pragma once

#include "controller/runtime/caches.h"
#include "drivers/provider_driver.h"
#include "reconcilers/machine/plan.h"

// One look at the world around a machine.
namespace charter::machine {

/// Errors: could not look.
Result<Observed> look(const Machine& machine, const Caches& caches, DriverPool& drivers,
                      const Clock& clock);

}  // namespace charter::machine
