#pragma once

#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/libvirt/names.h"
#include "drivers/volume_driver.h"

#include <optional>
#include <string>
#include <vector>

// What the driver does with one data volume. See machines.h. libvirt guards none of them, so each
// function that could take something from a machine asks all machines first, ours and others'.
//
// A volume for one machine is qcow2: what a guest writes to it can never be taken for a format. One
// for several must be raw, the only format that more than one QEMU may write.
namespace charter::libvirt {

/// A data volume of ours in its pool.
struct FoundVolume {
  std::string pool, name;
  VolumeMark mark;
};

/// Looks through all pools. Nothing when there is none for sure.
Result<std::optional<FoundVolume>> find_data_volume(virConnectPtr connection,
                                                    const Endpoint& endpoint,
                                                    const std::string& uid);

Result<std::optional<VolumeState>> observe_volume(virConnectPtr connection,
                                                  const Endpoint& endpoint, const std::string& uid);
Status create_volume(virConnectPtr connection, const Endpoint& endpoint, const VolumeSpec& spec);
Status grow_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                   int64_t size_bytes);
Status attach_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     const std::string& machine_uid);
Status detach_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     const std::string& machine_uid);
Status remove_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid);

/// The disk of a volume for this machine. Errors: NotFound, Conflict when another machine has it.
Result<DiskPlan> disk_for_attach(virConnectPtr connection, const Endpoint& endpoint,
                                 const std::string& uid, const std::string& machine_uid);

/// Refuses what this driver cannot do. Pure.
Status check_spec(const VolumeSpec& spec, const Settings& settings);

}  // namespace charter::libvirt
