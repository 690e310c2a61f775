#pragma once

#include "crds/types/machine.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering_revision.h"

#include <optional>
#include <string>
#include <vector>

// What an instance consists of: the pinned revision's template with the instance's parameters
// filled in, and the volumes that the instance adds. Needs no other object. Pure.
namespace charter::service_instance {

/// One kind of machine, all values known.
struct MachineDesign {
  std::string component;
  std::string machine_class;
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
  Machine::ImageRef image;
  Machine::BootDisk boot_disk;
  std::vector<std::string> volumes;  ///< names of VolumeDesigns that it attaches, in this order
  std::vector<std::string> networks;
  std::string user_data;
  bool operator==(const MachineDesign&) const = default;
};

/// One data volume, all values known. Not shared and attached: one for each machine.
struct VolumeDesign {
  std::string name;
  int64_t size_bytes = 0;
  std::string volume_class;
  bool shared = false;
  std::optional<ReclaimPolicy> reclaim_policy;  ///< absent: the instance's
  bool operator==(const VolumeDesign&) const = default;
};

/// An instance's parts.
struct Blueprint {
  std::vector<MachineDesign> machines;
  std::vector<VolumeDesign> volumes;
  bool operator==(const Blueprint&) const = default;
};

/// Fills in the template. Errors: Invalid with a cause for each field of `spec` that the revision
/// does not allow, e.g. "spec.parameters.vcpus: Unsupported value: 3: supported values: 2, 4".
Result<Blueprint> make_blueprint(const ServiceOfferingRevision::Spec& revision,
                                 const ServiceInstance::Spec& spec);

/// Components that attach this volume.
std::vector<const MachineDesign*> attached_to(const Blueprint& blueprint,
                                              const VolumeDesign& volume);
/// True when there is one volume for each machine.
bool is_per_machine(const Blueprint& blueprint, const VolumeDesign& volume);

/// Replicas that the spec asks for. Absent counts as 1 until a ScalingPolicy says otherwise.
int64_t replicas_of(const ServiceInstance::Spec& spec);

}  // namespace charter::service_instance
