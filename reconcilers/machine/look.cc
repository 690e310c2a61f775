#include "reconcilers/machine/look.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/writers.h"
#include "reconcilers/machine/metering.h"
#include "reconcilers/provider/endpoint.h"
#include "reconcilers/provider/reconciler.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::machine {
namespace {

std::vector<std::string> names_of(const Caches& caches,
                                  const std::vector<std::string>& volume_uids) {
  std::vector<std::string> names;
  for (const auto& uid : volume_uids) {
    for (const auto& volume :
         caches.list_by(kinds::bucket(kinds::volumes()), provider::kByUid, uid))
      names.push_back(volume->header().name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void look_at_payer(const Machine& machine, const Caches& caches, Observed& have) {
  if (machine.status.metering || !machine.spec.contract) return;
  const ObjectName name{machine.meta.ns, machine.spec.contract->name};
  const auto contract = caches.get(kinds::bucket(kinds::contracts()), name);
  if (contract != nullptr) have.contract_uid = contract->header().uid;
}

// Only a look at which something begins or ends needs to know who caused it.
void look_at_cause(const Machine& machine, const Caches& caches, Observed& have) {
  if (metered(machine, have) == machine.status.metering) return;
  const ObjectName name{machine.meta.ns, machine.spec.instance.name};
  const auto instance = caches.get(kinds::bucket(kinds::service_instances()), name);
  if (instance != nullptr) have.by = last_spec_writer(instance->tree());
}

}  // namespace

Result<Observed> look(const Machine& machine, const Caches& caches, DriverPool& drivers,
                      Instant now) {
  const std::string& name = machine.spec.provider.name;
  CHARTER_TRY_ASSIGN(const auto driver, provider::endpoint(caches, drivers, name));
  auto vm = driver->observe(machine.meta.uid);
  if (!vm) return provider::driver_error(vm.error(), name);
  Observed have;
  have.now = now;
  have.vm = *std::move(vm);
  if (have.vm) have.attached = names_of(caches, have.vm->volume_uids);
  look_at_payer(machine, caches, have);
  look_at_cause(machine, caches, have);
  return have;
}

}  // namespace charter::machine
