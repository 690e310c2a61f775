#pragma once

#include "crds/types/machine.h"
#include "crds/types/service_instance.h"
#include "crds/types/volume.h"
#include "reconcilers/service_instance/components.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

// The Machines and Volumes that an instance should have, with names and complete specs. Names are
// derived from instance, component and index, so a machine that was deactivated and comes back, or
// a pass after a crash, finds the same object. Pure.
//
//   machine index        power
//   below replicas       On, Off while the instance is deactivated
//   beyond, exists       Off: kept with disk and address
//   beyond, never made   not wanted
namespace charter::service_instance {

/// One Machine object.
struct WantedMachine {
  std::string name;
  Machine::Spec spec;
  bool operator==(const WantedMachine&) const = default;
};

/// One Volume object. `volume` is its name within the instance.
struct WantedVolume {
  std::string name;
  std::string volume;
  Volume::Spec spec;
  bool operator==(const WantedVolume&) const = default;
};

/// All of them; machines in order of index, so that the highest come last.
struct Wanted {
  std::vector<WantedMachine> machines;
  std::vector<WantedVolume> volumes;
  bool operator==(const Wanted&) const = default;
};

/// Component and index of a machine.
using MachineSlot = std::pair<std::string, int64_t>;

/// What a spec alone does not tell.
struct Circumstances {
  std::string provider;
  SecurityPolicy security;
  Activation activation = Activation::Active;  ///< after the lease had its say
  std::set<MachineSlot> made;                  ///< machines that exist
  bool volumes_made = false;                   ///< volumes exist
  int64_t replicas_max = INT64_MAX;  ///< covered by the contract; what is beyond is not kept
  bool restarts = false;             ///< spec.restartAt has come: until then no machine hears of it
};

/// The table above.
Wanted wanted_of(const ServiceInstance& instance, const Blueprint& blueprint,
                 const Circumstances& circumstances);

/// Policy for the volume of this name: its own, else the instance's.
ReclaimPolicy reclaim_policy_of(const ServiceInstance::Spec& spec, const std::string& volume);

// Names of the Secrets.
std::string access_name(const std::string& instance);
std::string user_data_name(const std::string& instance, const Blueprint& blueprint,
                           const std::string& component);
/// Text of the label selector for an instance's machines.
std::string machine_selector(const std::string& instance);
/// Value for kInstanceLabel: the name, shortened when it is too long for a label.
std::string instance_label(const std::string& instance);

}  // namespace charter::service_instance
