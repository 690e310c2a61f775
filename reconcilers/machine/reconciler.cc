#include "reconcilers/machine/reconciler.h"

#include "controller/base/limits.h"
#include "controller/runtime/event_recorder.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/pause.h"
#include "reconcilers/common/shell.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/machine/cloud_init.h"
#include "reconcilers/machine/look.h"
#include "reconcilers/machine/metering.h"
#include "reconcilers/machine/plan.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/provider/reconciler.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::machine {
namespace {

MachineSpec spec_of(const Machine& machine, CloudInit cloud_init) {
  const auto& spec = machine.spec;
  return {.uid = machine.meta.uid,
          .name = machine.meta.ns + "/" + machine.meta.name,
          .vcpus = static_cast<int>(spec.vcpus),
          .memory_bytes = spec.memory_bytes,
          .disk_bytes = spec.boot_disk.size_bytes,
          .disk_class = spec.boot_disk.disk_class,
          .machine_class = spec.machine_class,
          .image_url = spec.image.url,
          .image_digest = spec.image.digest,
          .image_format = std::string(to_word(spec.image.format)),
          .networks = spec.networks,
          .protection = provider::protection_of(machine.meta.ns, spec.security),
          .user_data = std::move(cloud_init.user_data),
          .ssh_key = std::move(cloud_init.ssh_key),
          .volume_uids = {}};  // attached by the volumes' own passes
}

class MachineReconciler final : public Shell<Machine, Observed, Action> {
 public:
  MachineReconciler(const Runtime& rt, DriverPool& drivers)
      : Shell(rt, {.resource = kinds::machines(),
                   .finalizers = {std::string(kReclaimFinalizer)},
                   .component = "charter-machine",
                   .phase = phase_of}),
        drivers_(drivers) {}

 private:
  Result<Machine> read(const Json& object) const override { return read_machine(object); }
  Json render(const Machine::Status& status) const override { return status_json(status); }
  std::string provider_of(const Machine& machine) const override {
    return machine.spec.provider.name;
  }
  Step decide(const Machine& machine, const Observed& have) const override {
    return plan(machine, have);
  }

  Result<Observed> observe(const Machine& machine) override {
    return look(machine, rt_, drivers_);
  }

  Status act(const Machine& machine, const Action& action) override {
    const std::string& name = machine.spec.provider.name;
    CHARTER_TRY_ASSIGN(const auto driver, provider::endpoint(rt_, drivers_, name));
    if (std::holds_alternative<Create>(action)) {
      CHARTER_TRY_ASSIGN(CloudInit cloud_init, read_cloud_init(rt_.client, machine));
      return told(driver->create(spec_of(machine, std::move(cloud_init))), name);
    }
    const std::string& uid = machine.meta.uid;
    if (const auto* size = std::get_if<Resize>(&action)) {
      const auto resized = driver->resize(uid, static_cast<int>(size->vcpus), size->memory_bytes);
      // Whether it needs a restart is seen by the next look.
      return resized ? Status() : told(resized.error(), name);
    }
    if (std::holds_alternative<Remove>(action)) return told(driver->remove(uid), name);
    const bool on = std::holds_alternative<PowerOn>(action);
    // The next look finds the reading and puts it on record.
    if (!on) read_before_it_stops(machine, *driver, drivers_.readings(), rt_.clock);
    return told(driver->set_power(uid, on ? PowerState::On : PowerState::Off), name);
  }

  static Status told(Status done, const std::string& provider_name) {
    return done ? done : provider::driver_error(std::move(done.error()), provider_name);
  }

  DriverPool& drivers_;
};

std::string lane_of_machine(const ObjectName& name, const Caches& caches) {
  const auto found = caches.get(kinds::bucket(kinds::machines()), name);
  const auto* provider =
      found ? find_pair(found->header().fields, "spec.providerRef.name") : nullptr;
  return provider != nullptr ? *provider : std::string();
}

}  // namespace

std::vector<std::string> volume_index(const Header& machine) {
  std::vector<std::string> keys;
  for (const auto& name : volumes_of(machine))
    keys.push_back(machine.ns + "/" + name);
  return keys;
}

KindHooks hooks() {
  return {.admit = admit,
          .index = header_fields,
          .finalizers = {std::string(kReclaimFinalizer)},
          .meter = meter};
}

ControllerSpec controller(DriverPool& drivers) {
  const auto& machines = kinds::machines();
  ControllerSpec spec;
  spec.name = "machine";
  spec.primary = machines;
  spec.workers = kBusyWorkers;
  spec.lane = lane_of_machine;
  spec.indexes = {
      {machines, provider::kByUid, provider::uid_index},
      {kinds::volumes(), provider::kByUid, provider::uid_index},
      {machines, kByProvider, index_by_field("spec.providerRef.name")},
      {machines, kByWaitsFor, index_by_field(std::string(kWaitsForField))},
      {machines, kByVolume, volume_index},
  };
  // A provider that became ready, or got room, or lost its injected faults, is news only to those
  // that are not Ready.
  spec.watches = {{kinds::providers(), map_by_index(machines, kByWaitsFor)},
                  {kinds::volumes(), map_by_index(machines, kByVolume)}};
  spec.reads = {kinds::contracts(), kinds::service_instances(),
                kinds::service_offering_revisions()};
  spec.make = [&drivers](const Runtime& rt) {
    return std::make_unique<MachineReconciler>(rt, drivers);
  };
  watch_pauses(spec, PauseReach::NamespacedObject, kByProvider);
  return spec;
}

}  // namespace charter::machine
