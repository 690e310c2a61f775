#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/domain_xml.h"
#include "drivers/machine_driver.h"

#include <string>
#include <vector>

// What a guest's cloud-init finds at its first boot: the NoCloud data source, a disk labelled
// cidata. Pure. It holds secrets: it is never logged and never part of a message.
namespace charter::libvirt {

/// True when the machine has anything to be told.
bool needs_seed(const MachineSpec& spec);

/// The disk's bytes. Without a file of its own cloud-init would ask one card for DHCP and leave the
/// others down: so each card of the machine is named by its address, the first as the way out.
/// Errors: Invalid when user data or key is too large or holds what would break
/// out of its file.
Result<std::string> build_seed(const MachineSpec& spec, const std::vector<NicPlan>& nics);

}  // namespace charter::libvirt
