#pragma once

#include "controller/base/clock.h"
#include "drivers/provider_driver.h"
#include "drivers/simulated/sim_rows.h"

#include <map>
#include <string>
#include <vector>

// The bulk look at a world, and what changed between two of them.
namespace charter {

/// Everything at one moment. Hosts without room or power are listed too: what is missing from a
/// list must mean nothing.
Inventory take_inventory(SimRows& rows, Instant now);

/// uid -> everything the inventory says about it.
std::map<std::string, std::string> digests_of(const Inventory& inventory);

/// Keys that only one side has or whose values differ, sorted.
std::vector<std::string> differing_keys(const std::map<std::string, std::string>& before,
                                        const std::map<std::string, std::string>& now);

}  // namespace charter
