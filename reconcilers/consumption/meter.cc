#include "reconcilers/consumption/meter.h"

#include "crds/types/kinds.h"
#include "drivers/counter_readings.h"
#include "reconcilers/consumption/priced.h"
#include "reconcilers/machine/admit.h"
#include "reconcilers/machine/reconciler.h"
#include "reconcilers/provider/endpoint.h"

#include <nlohmann/json.hpp>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace charter::consumption {
namespace {

Instant hour_of(Instant at) {
  return std::chrono::floor<std::chrono::hours>(at);
}

class Meter final : public Reconciler {
 public:
  Meter(const Runtime& rt, DriverPool& drivers, Wake wake)
      : rt_(rt), drivers_(drivers), wake_(std::move(wake)) {}

  Outcome reconcile(const ObjectName& name) override {
    const auto provider = rt_.caches.get(kinds::bucket(kinds::providers()), name);
    if (provider == nullptr || provider->header().deleting) {
      forget(name.name);
      return Outcome::done();
    }
    const Instant now = rt_.clock.now();
    const auto next = Outcome::wait(hour_of(now) + kReadInterval - now, "Active");
    if (was_done(name.name, hour_of(now))) return next;
    const auto machines = consumers(name.name, hour_of(now));
    if (!machines.empty()) {
      const auto driver = provider::endpoint(rt_, drivers_, name.name);
      if (!driver) return Outcome::retry(driver.error());
      const auto read = drivers_.readings().read(name.name, **driver, rt_.clock, hour_of(now));
      // A provider that counts nothing has nothing to be billed.
      if (!read && read.error().reason != "NotMetered")
        return Outcome::retry(provider::driver_error(read.error(), name.name));
      for (const auto& machine : machines)
        wake_(machine);
    }
    remember(name.name, hour_of(now));
    return next;
  }

 private:
  // Machines there whose counters were not read in this hour and are paid for, or were until now.
  std::vector<ObjectName> consumers(const std::string& provider, Instant hour) const {
    std::vector<ObjectName> names;
    std::map<ObjectName, bool> priced;
    const auto list =
        rt_.caches.list_by(kinds::bucket(kinds::machines()), machine::kByProvider, provider);
    for (const auto& encoded : list) {
      // By header: there are many, and most have nothing to do with it.
      const auto& header = encoded->header();
      const auto* contract = find_pair(header.fields, "spec.contractRef.name");
      if (contract == nullptr || contract->empty()) continue;
      const auto* read_at = find_pair(header.fields, machine::kConsumesField);
      const auto last = read_at == nullptr ? std::nullopt : parse_time(*read_at);
      if (last && *last >= hour) continue;
      const auto [at, fresh] = priced.try_emplace({header.ns, *contract});
      if (fresh) at->second = is_priced(rt_.caches, at->first);
      if (last || at->second) names.push_back({header.ns, header.name});
    }
    return names;
  }

  bool was_done(const std::string& provider, Instant hour) {
    std::lock_guard lock(mutex_);
    const auto found = done_.find(provider);
    return found != done_.end() && found->second == hour;
  }
  void remember(const std::string& provider, Instant hour) {
    std::lock_guard lock(mutex_);
    done_[provider] = hour;
  }
  void forget(const std::string& provider) {
    std::lock_guard lock(mutex_);
    done_.erase(provider);
  }

  const Runtime rt_;
  DriverPool& drivers_;
  const Wake wake_;
  std::mutex mutex_;
  std::map<std::string, Instant> done_;  // the hour that was seen to, so that events cost nothing
};

}  // namespace

ControllerSpec controller(DriverPool& drivers, Wake wake) {
  ControllerSpec spec;
  spec.name = "consumption";
  spec.primary = kinds::providers();
  spec.indexes = {
      {kinds::machines(), machine::kByProvider, index_by_field("spec.providerRef.name")}};
  spec.reads = {kinds::contracts(), kinds::service_offering_revisions()};
  spec.lane = [](const ObjectName& name, const Caches&) { return name.name; };
  spec.make = [&drivers, wake = std::move(wake)](const Runtime& rt) {
    return std::make_unique<Meter>(rt, drivers, wake);
  };
  return spec;
}

}  // namespace charter::consumption
