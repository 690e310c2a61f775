#pragma once

#include "controller/object/value.h"
#include "drivers/provider_driver.h"

#include <map>
#include <string>
#include <vector>

// What stands on the hosts of each provider, as the status of Machines and Volumes says: where a
// rehearsal begins. Pure.
namespace charter::preview {

/// Machines and volumes by provider name, and the hosts of those that are not simulated. What has
/// no external id yet is on no host. Errors: of an object that its view cannot represent.
Result<std::map<std::string, Inventory>> inventories_of(const std::vector<Json>& objects);

}  // namespace charter::preview
