#pragma once

#include "controller/base/result.h"
#include "drivers/ovf/descriptor.h"

#include <map>
#include <string>
#include <vector>

namespace pugi {
class xml_node;
}

namespace charter {

/// Reads a VirtualHardwareSection into `system`. The disk that comes first is booted from; it must
/// have contents, and the others must have none. Devices that make no difference to a machine of
/// ours are added to `ignored`. Errors: Invalid.
Status read_hardware(const pugi::xml_node& section, const std::string& where,
                     const std::map<std::string, OvfDisk>& disks, OvfSystem& system,
                     std::vector<std::string>& ignored);

}  // namespace charter
