#include "reconcilers/service_instance/components.h"

#include "controller/object/causes.h"
#include "reconcilers/service_instance/values.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_instance {
namespace {

/// A problem of the revision itself: the offering's provider has to publish a better one.
Error unusable(const std::string& what) {
  const auto field = std::string("spec.contractRef");
  return Error{Code::Invalid, what, "InvalidReference", {forbidden_cause(field, what)}};
}

std::string image_name(const MachineComponent& machine, const Values& values) {
  if (!machine.image_from) return machine.image ? machine.image->name : std::string();
  const auto found = machine.image_from->images.find(values.text(machine.image_from->parameter));
  return found == machine.image_from->images.end() ? std::string() : found->second;
}

Result<Machine::ImageRef> image_of(const ServiceOfferingRevision::Spec& revision,
                                   const MachineComponent& machine, const Values& values) {
  const auto name = image_name(machine, values);
  for (const auto& image : revision.images) {
    if (image.name == name) return Machine::ImageRef{name, image.digest, image.url, image.format};
  }
  return unusable("the offering's revision has no image for machine entry " + machine.name);
}

Result<MachineDesign> machine_of(const ServiceOfferingRevision::Spec& revision,
                                 const MachineComponent& machine, const Values& values) {
  MachineDesign design;
  design.component = machine.name;
  design.machine_class = values.of(machine.machine_class);
  design.vcpus = values.of(machine.vcpus);
  design.memory_bytes = values.of(machine.memory);
  CHARTER_TRY_ASSIGN(design.image, image_of(revision, machine, values));
  design.boot_disk = {values.of(machine.boot_disk.size), values.of(machine.boot_disk.disk_class)};
  design.volumes = machine.volumes;
  design.networks = machine.networks;
  design.user_data = machine.user_data;
  if (design.vcpus > 0 && design.memory_bytes > 0 && design.boot_disk.size_bytes > 0) return design;
  return unusable("the offering's revision gives machine entry " + machine.name + " no size");
}

// Volumes of the instance are attached to each of its machines, after those of the template.
void add_requested(const ServiceInstance::Spec& spec, Blueprint& blueprint,
                   std::vector<Cause>& causes) {
  for (size_t i = 0; i < spec.volumes.size(); ++i) {
    const auto& request = spec.volumes[i];
    const bool taken =
        std::any_of(blueprint.volumes.begin(), blueprint.volumes.end(),
                    [&request](const auto& volume) { return volume.name == request.name; });
    if (taken) {
      causes.push_back(invalid_cause("spec.volumes[" + std::to_string(i) + "].name", request.name,
                                     "the service has a volume of this name already"));
      continue;
    }
    blueprint.volumes.push_back({request.name, request.size_bytes, request.volume_class,
                                 request.shared, request.reclaim_policy});
    for (auto& machine : blueprint.machines)
      machine.volumes.push_back(request.name);
  }
}

}  // namespace

Result<Blueprint> make_blueprint(const ServiceOfferingRevision::Spec& revision,
                                 const ServiceInstance::Spec& spec) {
  CHARTER_TRY_ASSIGN(const auto values, Values::resolve(revision.parameters, spec.parameters));
  Blueprint blueprint;
  const auto& components = revision.frozen_template.components;
  for (const auto& machine : components.machines) {
    CHARTER_TRY_ASSIGN(auto design, machine_of(revision, machine, values));
    blueprint.machines.push_back(std::move(design));
  }
  for (const auto& volume : components.volumes) {
    blueprint.volumes.push_back({volume.name, values.of(volume.size),
                                 values.of(volume.volume_class), volume.shared, std::nullopt});
  }
  std::vector<Cause> causes;
  add_requested(spec, blueprint, causes);
  if (causes.empty()) return blueprint;
  const auto text = causes.front().field + ": " + causes.front().message;
  return Error{Code::Invalid, text, "InvalidSpec", std::move(causes)};
}

std::vector<const MachineDesign*> attached_to(const Blueprint& blueprint,
                                              const VolumeDesign& volume) {
  std::vector<const MachineDesign*> machines;
  for (const auto& machine : blueprint.machines) {
    const auto& names = machine.volumes;
    if (std::find(names.begin(), names.end(), volume.name) != names.end())
      machines.push_back(&machine);
  }
  return machines;
}

bool is_per_machine(const Blueprint& blueprint, const VolumeDesign& volume) {
  return !volume.shared && !attached_to(blueprint, volume).empty();
}

int64_t replicas_of(const ServiceInstance::Spec& spec) {
  return spec.replicas.value_or(1);
}

}  // namespace charter::service_instance
