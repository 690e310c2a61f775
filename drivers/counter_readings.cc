#include "drivers/counter_readings.h"

#include <utility>

namespace charter {

std::shared_ptr<CounterReadings::Endpoint> CounterReadings::endpoint(
    const std::string& provider_name) {
  std::lock_guard lock(mutex_);
  auto& slot = endpoints_[provider_name];
  if (!slot) slot = std::make_shared<Endpoint>();
  return slot;
}

Status CounterReadings::read(const std::string& provider_name, ProviderDriver& driver,
                             const Clock& clock, Instant not_before) {
  const auto slot = endpoint(provider_name);
  std::lock_guard lock(slot->mutex);
  if (slot->at && *slot->at >= not_before) return {};
  // The earliest moment at which the values can be from: what comes after is the next reading's.
  const Instant at = clock.now();
  auto all = driver.counters();
  slot->counts_nothing = !all && all.error().reason == "NotMetered";
  if (!all) return Error(std::move(all.error()));
  slot->at = at;
  slot->counters.clear();
  for (MachineCounters& one : *all) {
    std::string uid = one.uid;
    slot->counters.insert_or_assign(std::move(uid), std::move(one));
  }
  return {};
}

std::optional<CounterReading> CounterReadings::last(const std::string& provider_name,
                                                    const std::string& uid) {
  const auto slot = endpoint(provider_name);
  std::lock_guard lock(slot->mutex);
  const auto found = slot->counters.find(uid);
  if (found == slot->counters.end()) return std::nullopt;
  return CounterReading{*slot->at, found->second};
}

bool CounterReadings::counts_nothing(const std::string& provider_name) {
  return endpoint(provider_name)->counts_nothing;
}

void CounterReadings::forget(const std::string& provider_name) {
  std::lock_guard lock(mutex_);
  endpoints_.erase(provider_name);
}

}  // namespace charter
