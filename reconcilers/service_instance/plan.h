#pragma once

#include "crds/types/contract.h"
#include "crds/types/machine.h"
#include "crds/types/provider.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering_revision.h"
#include "crds/types/volume.h"
#include "reconcilers/common/step.h"
#include "reconcilers/service_instance/wanted.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one service instance. Pure: no I/O, no clock, no globals.
//
//   seen                                              -> next                   Ready reason
//   deleting, a machine that is on                    -> set it Off             Deleting
//   deleting, machines                                -> delete them            Deleting
//   deleting, volumes                                 -> by reclaim policy      Deleting
//   deleting, secrets                                 -> delete them            Deleting
//   deleting, nothing left                            -> release                Deleting
//   lease over, action Delete                         -> delete itself          LeaseExpired
//   no contract                                       -> wait                   ReferenceNotFound
//   contract not accepted                             -> wait                   WaitForAcceptance
//   contract not in force                             -> wait                   ContractNotActive
//   revision missing                                  -> wait                   RevisionNotFound
//   parameters not in the pinned revision             -> (nothing)              ParameterNotAllowed
//   not placed, order too small                       -> wait                   TooManyUnits
//   not placed, no provider fits                      -> wait                   WaitForCapacity, …
//   not placed, one fits                              -> note it                Provisioning
//   placed, its provider gone, AllowReplace           -> place again            as above
//   a secret, volume or machine is missing            -> create it              Provisioning
//   a machine has the wrong power                     -> set it, highest first  Deactivating, …
//   a volume or machine differs, no other is changing -> update it              Updating
//   a machine or volume is not wanted any more        -> delete it              Scaling
//   addresses are not in the access secret            -> write them             Configuring
//   a child is blocked                                -> wait for it            ChildNotReady,
//                                                        its own when Stalled
//   all as wanted                                     -> (nothing)              Ready, Deactivated,
//                                                                               LeaseExpired
//
// A contract that goes away or ends stops new work only; what runs stays until the instance is
// deleted. Revision and placement are noted in status before anything is made under them.
namespace charter::service_instance {

/// Makes the Secret with what is needed to log in; its password is drawn when it is made.
struct CreateAccess {
  std::string name;
  bool operator==(const CreateAccess&) const = default;
};
/// Makes the Secret with cloud-init user data for the machines of a component.
struct CreateCloudInit {
  std::string name, access, user_data;
  bool operator==(const CreateCloudInit&) const = default;
};
/// Writes the machines' addresses into the access Secret.
struct WriteAddresses {
  std::string name, addresses;
  bool operator==(const WriteAddresses&) const = default;
};
/// Makes a Volume object.
struct CreateVolume {
  WantedVolume volume;
  bool operator==(const CreateVolume&) const = default;
};
/// Makes a Machine object.
struct CreateMachine {
  WantedMachine machine;
  bool operator==(const CreateMachine&) const = default;
};
/// Replaces the spec of a Volume.
struct UpdateVolume {
  std::string name;
  Volume::Spec spec;
  bool operator==(const UpdateVolume&) const = default;
};
/// Replaces the spec of a Machine.
struct UpdateMachine {
  std::string name;
  Machine::Spec spec;
  bool operator==(const UpdateMachine&) const = default;
};
/// Deletes one object that the instance owns, or the instance itself.
struct DeleteObject {
  enum class Kind { Machine, Volume, Secret, Instance };
  Kind kind = Kind::Machine;
  std::string name, uid;
  bool operator==(const DeleteObject&) const = default;
};
/// What a pass may do.
using Action = std::variant<CreateAccess, CreateCloudInit, WriteAddresses, CreateVolume,
                            CreateMachine, UpdateVolume, UpdateMachine, DeleteObject>;
/// The decision about an instance.
using Step = charter::Step<ServiceInstance, Action>;

/// The contract that pays.
struct ContractFacts {
  bool accepted = false;
  bool active = false;
  std::string message;   ///< of its Ready condition, when it is not active
  std::string revision;  ///< accepted
  UnitCounts ordered;    ///< accepted
  Placement placement;
};

/// One of the instance's Secrets.
struct SecretFacts {
  std::string name, uid;
  bool deleting = false;
  std::string addresses;  ///< what was last written, see WriteAddresses
};

/// The world around one instance, looked at once.
struct Observed {
  Instant now{};
  std::optional<ContractFacts> contract;
  /// Of status.revision, or, before it is pinned, of the contract's acceptance.
  std::shared_ptr<const ServiceOfferingRevision::Spec> revision;
  Placement account_placement;
  std::vector<std::string> shortages;  ///< looked for until the instance is placed
  std::vector<Provider> providers;     ///< until the instance is placed, or its provider is gone
  bool provider_gone = false;          ///< status.placement names a Provider that does not exist
  std::vector<Machine> machines;       ///< owned by this instance, in order of name
  std::vector<Volume> volumes;
  std::vector<SecretFacts> secrets;
};

/// The table above.
Step plan(const ServiceInstance& instance, const Observed& have);

/// Pending, Provisioning, Running, Scaling, Deactivated, Degraded or Deleting.
std::string_view phase_of(const Conditions& conditions);

/// One decision being made: the parts of the plan fill in the step.
struct Pass {
  const ServiceInstance& instance;
  const Observed& have;
  Step step = {};
  Activation activation = Activation::Active;  ///< after the lease had its say

  bool is_deleting() const { return !instance.meta.deleted.empty(); }
  void say(Statement statement) { step.conditions.push_back(std::move(statement)); }
};

}  // namespace charter::service_instance
