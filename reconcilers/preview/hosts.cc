#include "reconcilers/preview/hosts.h"

#include "crds/types/machine.h"
#include "crds/types/provider.h"
#include "crds/types/volume.h"
#include "reconcilers/provider/endpoint.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::preview {
namespace {

/// Volume uids by "namespace/name".
using VolumeUids = std::map<std::string, std::string>;

std::string full_name(const Meta& meta) {
  return to_string(ObjectName{meta.ns, meta.name});
}

PowerState power_of(const Machine& machine) {
  return machine.status.power == ObservedPower::On ? PowerState::On : PowerState::Off;
}

MachineState state_of(const Machine& machine, const VolumeUids& volumes) {
  const auto& status = machine.status;
  MachineState state{.uid = machine.meta.uid,
                     .external_id = status.external_id,
                     .host = status.host,
                     .owner = machine.meta.uid,
                     .vcpus = static_cast<int>(status.vcpus.value_or(machine.spec.vcpus)),
                     .memory_bytes = status.memory_bytes.value_or(machine.spec.memory_bytes),
                     .disk_bytes = machine.spec.boot_disk.size_bytes,
                     .image_deployed = status.image_deployed,
                     .power = power_of(machine),
                     .address = status.address,
                     .image_digest = status.image_digest,
                     .disk_class = machine.spec.boot_disk.disk_class,
                     .networks = machine.spec.networks,
                     .protection = provider::protection_of(machine.meta.ns, machine.spec.security)};
  for (const auto& name : status.attached_volumes) {
    const auto found = volumes.find(to_string(ObjectName{machine.meta.ns, name}));
    if (found != volumes.end()) state.volume_uids.push_back(found->second);
  }
  if (status.booted_at) {
    state.booted_at_s =
        std::chrono::floor<std::chrono::seconds>(*status.booted_at).time_since_epoch().count();
  }
  return state;
}

// Only drivers whose settings do not say it: what simulated hosts have is the plan's to change.
std::vector<Inventory::Host> hosts_of(const Provider& provider) {
  std::vector<Inventory::Host> hosts;
  if (provider.spec.driver == DriverKind::Simulated) return hosts;
  for (const auto& host : provider.status.hosts) {
    const Capacity total{host.total.vcpus.value_or(0), host.total.memory_bytes.value_or(0),
                         host.total.storage_bytes.value_or(0)};
    hosts.push_back({.name = host.name, .total = total, .free = total});
  }
  return hosts;
}

}  // namespace

Result<std::map<std::string, Inventory>> inventories_of(const std::vector<Json>& objects) {
  std::map<std::string, Inventory> inventories;
  VolumeUids uids;
  for (const Json& object : objects) {
    if (text_at(object, {"kind"}) != "Provider") continue;
    CHARTER_TRY_ASSIGN(const Provider provider, read_provider(object));
    if (auto hosts = hosts_of(provider); !hosts.empty())
      inventories[provider.meta.name].hosts = std::move(hosts);
  }
  for (const Json& object : objects) {
    if (text_at(object, {"kind"}) != "Volume") continue;
    CHARTER_TRY_ASSIGN(const Volume volume, read_volume(object));
    if (volume.status.external_id.empty()) continue;
    uids[full_name(volume.meta)] = volume.meta.uid;
    inventories[volume.status.provider].volumes.push_back(
        {.uid = volume.meta.uid,
         .external_id = volume.status.external_id,
         .host = volume.status.pool,
         .size_bytes = volume.status.size_bytes.value_or(volume.spec.size_bytes),
         .storage_class = volume.spec.volume_class,
         .protection = provider::protection_of(volume.meta.ns, volume.spec.security)});
  }
  for (const Json& object : objects) {
    if (text_at(object, {"kind"}) != "Machine") continue;
    CHARTER_TRY_ASSIGN(const Machine machine, read_machine(object));
    if (machine.status.external_id.empty()) continue;
    inventories[machine.spec.provider.name].machines.push_back(state_of(machine, uids));
  }
  return inventories;
}

}  // namespace charter::preview
