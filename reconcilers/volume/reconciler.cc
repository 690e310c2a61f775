#include "reconcilers/volume/reconciler.h"

#include "controller/base/limits.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/contract/look.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/machine/reconciler.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/provider/reconciler.h"
#include "reconcilers/volume/admit.h"
#include "reconcilers/volume/look.h"
#include "reconcilers/volume/metering.h"
#include "reconcilers/volume/plan.h"
#include "reconcilers/volume/wakers.h"

#include <nlohmann/json.hpp>

namespace charter::volume {
namespace {

class VolumeReconciler final : public Shell<Volume, Observed, Action> {
 public:
  VolumeReconciler(const Runtime& rt, DriverPool& drivers)
      : Shell(rt, {.resource = kinds::volumes(),
                   .finalizers = {std::string(kReclaimFinalizer)},
                   .component = "charter-volume",
                   .phase = phase_of}),
        drivers_(drivers) {}

 private:
  Result<Volume> read(const Json& object) const override { return read_volume(object); }
  Json render(const Volume::Status& status) const override { return status_json(status); }
  std::string provider_of(const Volume& volume) const override { return volume.status.provider; }
  Result<Observed> observe(const Volume& volume) override {
    return look(volume, rt_, drivers_);
  }
  Step decide(const Volume& volume, const Observed& have) const override {
    return plan(volume, have);
  }

  Status act(const Volume& volume, const Action& action) override {
    const std::string& name = volume.status.provider;
    CHARTER_TRY_ASSIGN(const auto driver, provider::endpoint(rt_, drivers_, name));
    Status done = call(*driver, volume, action);
    if (done) return done;
    return provider::driver_error(std::move(done.error()), name);
  }

  static Status call(ProviderDriver& driver, const Volume& volume, const Action& action) {
    const std::string& uid = volume.meta.uid;
    if (const auto* grow = std::get_if<Grow>(&action))
      return driver.grow_volume(uid, grow->size_bytes);
    if (const auto* attach = std::get_if<Attach>(&action))
      return driver.attach_volume(uid, attach->machine_uid);
    if (const auto* off = std::get_if<Detach>(&action))
      return driver.detach_volume(uid, off->machine_uid);
    if (std::holds_alternative<Remove>(action)) return driver.remove_volume(uid);
    const auto& security = std::get<Create>(action).security;
    return driver.create_volume({.uid = uid,
                                 .name = volume.meta.ns + "/" + volume.meta.name,
                                 .size_bytes = volume.spec.size_bytes,
                                 .storage_class = volume.spec.volume_class,
                                 .shared = volume.spec.shared,
                                 .protection = provider::protection_of(volume.meta.ns, security)});
  }

  DriverPool& drivers_;
};

std::vector<std::string> target_index(const Header& volume) {
  std::vector<std::string> keys;
  for (const auto& name : targets_of(volume))
    keys.push_back(volume.ns + "/" + name);
  return keys;
}

/// Volumes that a machine names, and those that name it.
std::vector<ObjectName> volumes_of_machine(const Encoded& machine, const Caches& caches) {
  const auto& header = machine.header();
  std::vector<ObjectName> names;
  for (const auto& name : machine::volumes_of(header))
    names.push_back({header.ns, name});
  const auto key = to_string(ObjectName{header.ns, header.name});
  for (const auto& volume : caches.list_by(kinds::bucket(kinds::volumes()), kByTarget, key))
    names.push_back({header.ns, volume->header().name});
  return names;
}

std::string lane_of_volume(const ObjectName& name, const Caches& caches) {
  const auto found = caches.get(kinds::bucket(kinds::volumes()), name);
  if (found == nullptr) return {};
  const auto* provider = find_pair(found->header().fields, kProviderField);
  return provider != nullptr ? *provider : std::string();
}

}  // namespace

KindHooks hooks() {
  return {admit, guard, header_fields, {std::string(kReclaimFinalizer)}, meter};
}

ControllerSpec controller(DriverPool& drivers) {
  const auto& volumes = kinds::volumes();
  const auto& machines = kinds::machines();
  ControllerSpec spec;
  spec.name = "volume";
  spec.primary = volumes;
  spec.workers = kBusyWorkers;
  spec.lane = lane_of_volume;
  spec.indexes = {{volumes, provider::kByUid, provider::uid_index},
                  {machines, provider::kByUid, provider::uid_index},
                  {machines, machine::kByVolume, machine::volume_index},
                  {volumes, kByTarget, target_index},
                  {volumes, kByWaitsFor, index_by_field(std::string(kWaitsForField))},
                  {volumes, contract::kByContract, contract::contract_index},
                  {volumes, kByProvider, index_by_field(std::string(kProviderField))}};
  spec.watches = {{machines, volumes_of_machine},
                  {kinds::providers(), volumes_waiting},
                  {kinds::service_instances(), unplaced_volumes},
                  {kinds::contracts(), volumes_of_contract}};
  spec.reads = {kinds::service_offering_revisions()};
  spec.make = [&drivers](const Runtime& rt) {
    return std::make_unique<VolumeReconciler>(rt, drivers);
  };
  watch_pauses(spec, PauseReach::NamespacedObject, kByProvider);
  return spec;
}

}  // namespace charter::volume
