#pragma once

#include "drivers/machine_driver.h"

#include <string>

// Tells two specifications apart without keeping them, so that secrets need no place beside a
// machine.
namespace charter {

/// Of everything in the spec that never changes while the machine lives: all but uid, size and
/// volumes.
std::string fingerprint_of(const MachineSpec& spec);

}  // namespace charter
