#include "reconcilers/machine/look.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/metering.h"
#include "reconcilers/common/writers.h"
#include "reconcilers/consumption/priced.h"
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

// A look may be this much older than the end of what it is to count.
constexpr Duration kLastReadingAge = std::chrono::seconds(10);

bool is_counted(const Machine& machine) {
  const auto& metering = machine.status.metering;
  return metering && metering->consumption && metering->consumption->read_at;
}

// A machine that is to go is read once more: what it consumed since the last hour is charged too. A
// provider that cannot tell must not keep it from going.
void read_before_it_goes(const Machine& machine, ProviderDriver& driver, CounterReadings& readings,
                         const Clock& clock, const Observed& have) {
  if (machine.meta.deleted.empty() || !is_counted(machine) || !have.vm) return;
  Instant not_before = have.now - kLastReadingAge;
  if (have.vm->power_since_s > 0)
    not_before = std::min(have.now, instant_of(have.vm->power_since_s + 1));
  (void)readings.read(machine.spec.provider.name, driver, clock, not_before);
}

// Passes are many and readings few, so the contract is asked for its prices only where it matters.
void look_at_consumption(const Machine& machine, const Caches& caches, CounterReadings& readings,
                         Observed& have) {
  const auto& metering = machine.status.metering;
  if (!machine.spec.contract || !have.vm) return;
  auto reading = readings.last(machine.spec.provider.name, machine.meta.uid);
  const auto* last = metering && metering->consumption ? &*metering->consumption : nullptr;
  if (reading && last != nullptr && last->read_at && reading->at <= *last->read_at) reading.reset();
  if (metering && !reading) return;
  have.reading = std::move(reading);
  have.consumption_is_priced =
      consumption::is_priced(caches, {machine.meta.ns, machine.spec.contract->name});
}

// Only a look at which something begins or ends needs to know who caused it.
void look_at_cause(const Machine& machine, const Caches& caches, Observed& have) {
  if (metered(machine, have) == machine.status.metering) return;
  const ObjectName name{machine.meta.ns, machine.spec.instance.name};
  const auto instance = caches.get(kinds::bucket(kinds::service_instances()), name);
  if (instance != nullptr) have.by = last_spec_writer(instance->tree());
}

}  // namespace

void read_before_it_stops(const Machine& machine, ProviderDriver& driver, CounterReadings& readings,
                          const Clock& clock) {
  if (!is_counted(machine)) return;
  (void)readings.read(machine.spec.provider.name, driver, clock, clock.now() - kLastReadingAge);
}

Result<Observed> look(const Machine& machine, const Runtime& rt, DriverPool& drivers) {
  const Caches& caches = rt.caches;
  const Clock& clock = rt.clock;
  const std::string& name = machine.spec.provider.name;
  CHARTER_TRY_ASSIGN(const auto driver, provider::endpoint(rt, drivers, name));
  auto vm = driver->observe(machine.meta.uid);
  if (!vm) return provider::driver_error(vm.error(), name);
  Observed have;
  have.now = clock.now();
  have.vm = *std::move(vm);
  if (have.vm) have.attached = names_of(caches, have.vm->volume_uids);
  look_at_payer(machine, caches, have);
  read_before_it_goes(machine, *driver, drivers.readings(), clock, have);
  look_at_consumption(machine, caches, drivers.readings(), have);
  look_at_cause(machine, caches, have);
  return have;
}

}  // namespace charter::machine
