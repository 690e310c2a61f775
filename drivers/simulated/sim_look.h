#pragma once

#include "controller/base/clock.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_rows.h"

// The bulk look at a world.
namespace charter {

/// Everything at one moment. Hosts without room or power are listed too: what is missing from a
/// list must mean nothing.
Inventory take_inventory(SimRows& rows, Instant now);

}  // namespace charter
