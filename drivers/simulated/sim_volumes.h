#pragma once

#include "controller/base/result.h"
#include "drivers/simulated/sim_machines.h"
#include "drivers/simulated/sim_rows.h"
#include "drivers/volume_driver.h"

#include <cstdint>
#include <string>
#include <vector>

// How simulated volumes behave: functions over one transaction. A volume takes storage of one host
// and can be attached to machines of any host, as on a storage network.
namespace charter {

VolumeState state_of(const SimVolume& volume, std::vector<std::string> machine_uids);

/// Errors: Invalid, Conflict (same uid, other spec), Forbidden (not ours), WaitForCapacity.
Result<SimEffect> create_volume(SimRows& rows, const VolumeSpec& spec);

/// Errors: NotFound, Forbidden, Invalid (smaller than now), WaitForCapacity of its own host.
Status grow_volume(SimRows& rows, const std::string& uid, int64_t size_bytes);

/// Errors: NotFound (either), Forbidden, Conflict when attached elsewhere and not shared.
Status attach(SimRows& rows, const std::string& volume_uid, const std::string& machine_uid);

/// "Not attached" is success. Errors: Forbidden.
Status detach(SimRows& rows, const std::string& volume_uid, const std::string& machine_uid);

/// Errors: Conflict while attached, Forbidden.
Result<SimEffect> remove_volume(SimRows& rows, const std::string& uid);

}  // namespace charter
