#pragma once

#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_world.h"

#include <map>
#include <string>

// Hosts to rehearse on: simulated ones in memory that begin with what somebody saw on the real
// ones, take no time and never fail.
namespace charter {

/// Opens endpoints in `worlds`; the first opening of a provider puts there what `inventories` lists
/// under its name. For other drivers than the simulated one the hosts are those of that list.
/// `worlds` and `clock` outlive the factory and its drivers. A machine whose host the settings do
/// not name keeps it: the host is there, with no room.
DriverFactory rehearsal_driver_factory(SimWorlds& worlds,
                                       std::map<std::string, Inventory> inventories,
                                       const Clock& clock);

}  // namespace charter
