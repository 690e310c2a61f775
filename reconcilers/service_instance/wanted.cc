#include "reconcilers/service_instance/wanted.h"

#include "reconcilers/common/naming.h"

#include <algorithm>

namespace charter::service_instance {
namespace {

std::string machine_name(const std::string& instance, const Blueprint& blueprint,
                         const MachineSlot& slot) {
  const auto index = std::to_string(slot.second);
  if (blueprint.machines.size() == 1) return child_name({instance, index});
  return child_name({instance, slot.first, index});
}

std::string volume_name(const std::string& instance, const Blueprint& blueprint,
                        const VolumeDesign& volume, const MachineSlot& slot) {
  const auto index = std::to_string(slot.second);
  if (blueprint.machines.size() == 1) return child_name({instance, volume.name, index});
  return child_name({instance, volume.name, slot.first, index});
}

std::string shared_volume_name(const std::string& instance, const VolumeDesign& volume) {
  return child_name({instance, volume.name});
}

std::vector<MachineSlot> slots_of(const ServiceInstance& instance, const MachineDesign& design,
                                  const Circumstances& now) {
  const auto replicas = replicas_of(instance.spec);
  std::set<MachineSlot> slots;
  if (now.activation == Activation::Active) {
    for (int64_t i = 0; i < replicas; ++i)
      slots.emplace(design.component, i);
  }
  for (const auto& slot : now.made) {
    const bool kept = slot.second < std::max(replicas, now.replicas_max);
    if (slot.first == design.component && kept) slots.insert(slot);
  }
  return {slots.begin(), slots.end()};
}

Machine::Spec machine_spec(const ServiceInstance& instance, const Blueprint& blueprint,
                           const MachineDesign& design, const Circumstances& now) {
  Machine::Spec spec;
  spec.instance = {instance.meta.name, instance.meta.uid};
  spec.contract = instance.spec.contract;
  spec.component = design.component;
  spec.provider = {now.provider};
  spec.machine_class = design.machine_class;
  spec.vcpus = design.vcpus;
  spec.memory_bytes = design.memory_bytes;
  spec.image = design.image;
  spec.boot_disk = design.boot_disk;
  spec.networks = design.networks;
  spec.security = now.security;
  if (now.restarts) spec.restart_at = instance.spec.restart_at;
  spec.user_data_secret = NameRef{user_data_name(instance.meta.name, blueprint, design.component)};
  spec.update_policy = instance.spec.update_policy;
  spec.drift_policy = instance.spec.drift_policy;
  return spec;
}

void add_machines(const ServiceInstance& instance, const Blueprint& blueprint,
                  const MachineDesign& design, const Circumstances& now, Wanted& wanted) {
  const auto& name = instance.meta.name;
  for (const auto& slot : slots_of(instance, design, now)) {
    auto spec = machine_spec(instance, blueprint, design, now);
    spec.index = slot.second;
    const bool on =
        now.activation == Activation::Active && slot.second < replicas_of(instance.spec);
    spec.power = on ? Power::On : Power::Off;
    for (const auto& volume : blueprint.volumes) {
      const auto& attached = design.volumes;
      if (std::find(attached.begin(), attached.end(), volume.name) == attached.end()) continue;
      spec.volumes.push_back({volume.shared ? shared_volume_name(name, volume)
                                            : volume_name(name, blueprint, volume, slot)});
    }
    wanted.machines.push_back({machine_name(name, blueprint, slot), std::move(spec)});
  }
}

Volume::Spec volume_spec(const ServiceInstance& instance, const VolumeDesign& design,
                         const Circumstances& now) {
  Volume::Spec spec;
  spec.contract = instance.spec.contract;
  spec.instance = UidRef{instance.meta.name, instance.meta.uid};
  spec.provider = NameRef{now.provider};
  spec.size_bytes = design.size_bytes;
  spec.volume_class = design.volume_class;
  spec.shared = design.shared;
  spec.security = now.security;
  spec.reclaim_policy = design.reclaim_policy.value_or(instance.spec.reclaim_policy);
  spec.update_policy = instance.spec.update_policy;
  spec.drift_policy = instance.spec.drift_policy;
  return spec;
}

void add_volumes(const ServiceInstance& instance, const Blueprint& blueprint,
                 const VolumeDesign& volume, const Circumstances& now, Wanted& wanted) {
  const auto& name = instance.meta.name;
  if (!is_per_machine(blueprint, volume)) {
    // Like machines, nothing is made for an instance that is deactivated from the start.
    if (now.activation == Activation::Deactivated && !now.volumes_made) return;
    wanted.volumes.push_back(
        {shared_volume_name(name, volume), volume.name, volume_spec(instance, volume, now)});
    return;
  }
  for (const auto* design : attached_to(blueprint, volume)) {
    for (const auto& slot : slots_of(instance, *design, now)) {
      wanted.volumes.push_back({volume_name(name, blueprint, volume, slot), volume.name,
                                volume_spec(instance, volume, now)});
    }
  }
}

}  // namespace

Wanted wanted_of(const ServiceInstance& instance, const Blueprint& blueprint,
                 const Circumstances& circumstances) {
  Wanted wanted;
  for (const auto& design : blueprint.machines)
    add_machines(instance, blueprint, design, circumstances, wanted);
  for (const auto& volume : blueprint.volumes)
    add_volumes(instance, blueprint, volume, circumstances, wanted);
  return wanted;
}

ReclaimPolicy reclaim_policy_of(const ServiceInstance::Spec& spec, const std::string& volume) {
  for (const auto& request : spec.volumes) {
    if (request.name == volume) return request.reclaim_policy.value_or(spec.reclaim_policy);
  }
  return spec.reclaim_policy;
}

std::string access_name(const std::string& instance) {
  return child_subdomain({instance, "access"});
}

std::string user_data_name(const std::string& instance, const Blueprint& blueprint,
                           const std::string& component) {
  if (blueprint.machines.size() == 1) return child_subdomain({instance, "user-data"});
  return child_subdomain({instance, component, "user-data"});
}

std::string instance_label(const std::string& instance) {
  return child_name({instance});
}

std::string machine_selector(const std::string& instance) {
  return std::string(kInstanceLabel) + "=" + instance_label(instance);
}

}  // namespace charter::service_instance
