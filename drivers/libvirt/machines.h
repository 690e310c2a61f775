#pragma once

#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/machine_driver.h"

#include <optional>
#include <string>

// What the driver does with one machine. Each function is one call of the port, carried out on a
// worker with its connection.
//
// Making one begins with the definition, which carries our stamp, and ends by saying in the stamp
// that disks and seed are complete: whatever interrupts it, what is there can be found by the UID,
// finished or taken away. Taking one away goes the other way round.
namespace charter::libvirt {

Result<std::optional<MachineState>> observe_machine(virConnectPtr connection,
                                                    const Endpoint& endpoint,
                                                    const std::string& uid);
/// Makes it, off.
Status create_machine(virConnectPtr connection, Endpoint& endpoint, const MachineSpec& spec);
Status remove_machine(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid);

/// Refuses what this driver cannot do, before anything is looked up. Pure.
Status check_spec(const MachineSpec& spec, const Settings& settings);
/// The pool for a disk of this class. Errors: Invalid with reason Infeasible.
Result<std::string> pool_for(const Settings& settings, const std::string& storage_class);

}  // namespace charter::libvirt
