#include "reconcilers/machine/consumption.h"

#include "reconcilers/common/metering.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace charter::machine {
namespace {

using Value = std::optional<int64_t>;

constexpr std::pair<Value Consumed::*, const char*> kAmounts[] = {
    {&Consumed::cpu_ns, "cpu-nanoseconds-used"},   {&Consumed::page_faults, "page-faults"},
    {&Consumed::read_bytes, "bytes-read"},         {&Consumed::written_bytes, "bytes-written"},
    {&Consumed::received_bytes, "bytes-received"}, {&Consumed::sent_bytes, "bytes-sent"},
};
constexpr const char* kMembers[] = {"cpuNanoseconds", "pageFaults",    "readBytes",
                                    "writtenBytes",   "receivedBytes", "sentBytes"};

// A host that counts below zero does not count.
Value checked(const Value& value) {
  return value && *value >= 0 ? value : Value();
}

Consumed values_of(const MachineCounters& counters) {
  return {checked(counters.cpu_ns),         checked(counters.page_faults),
          checked(counters.read_bytes),     checked(counters.written_bytes),
          checked(counters.received_bytes), checked(counters.sent_bytes)};
}

Value difference(const Value& before, const Value& now, bool is_anew) {
  if (!now || is_anew) return now;
  if (!before) return 0;
  return *now < *before ? *now : *now - *before;
}

Consumed used_since(const Consumption& last, const CounterReading& reading) {
  const auto& epoch = reading.counters.epoch;
  const bool is_anew =
      !last.counters || (!last.epoch.empty() && !epoch.empty() && last.epoch != epoch);
  const Consumed now = values_of(reading.counters);
  Consumed used;
  for (const auto& [member, name] : kAmounts)
    used.*member =
        difference(last.counters ? (*last.counters).*member : Value(), now.*member, is_anew);
  return used;
}

bool is_nothing(const Consumed& used) {
  for (const auto& [member, name] : kAmounts) {
    if ((used.*member).value_or(0) != 0) return false;
  }
  return true;
}

void remember(Consumption& consumption, const CounterReading& reading) {
  consumption.read_at = instant_of(seconds_of(reading.at));
  consumption.epoch = reading.counters.epoch;
  consumption.counters = values_of(reading.counters);
}

}  // namespace

void consume(Metering& metering, const Observed& have, bool is_new) {
  auto& consumption = metering.consumption;
  if (is_new && have.consumption_is_priced && metering.allocated)
    consumption.emplace().read_at = metering.allocated->since;
  if (!have.reading) return;
  if (!have.consumption_is_priced) {
    // What is consumed without a price is not made up for when there is one again.
    if (consumption) {
      consumption->read_at.reset();
      consumption->counters.reset();
      consumption->epoch.clear();
    }
    return;
  }
  if (values_of(have.reading->counters) == Consumed{}) return;  // the host counts nothing
  if (!consumption) consumption.emplace();
  if (!consumption->read_at) return remember(*consumption, *have.reading);
  const Instant until = instant_of(seconds_of(have.reading->at));
  if (until <= *consumption->read_at) return;
  const Consumed used = used_since(*consumption, *have.reading);
  if (is_nothing(used)) return;
  ++consumption->number;
  consumption->since = consumption->read_at;
  consumption->until = until;
  consumption->used = used;
  remember(*consumption, *have.reading);
}

std::optional<MeterSpan> consumption_span(const Json& metering, MeterSpan like) {
  const auto* consumption = at(metering, {"consumption"});
  if (consumption == nullptr || int_at(*consumption, {"number"}).value_or(0) < 1)
    return std::nullopt;
  Json amounts = Json::object();
  for (size_t i = 0; i < std::size(kAmounts); ++i) {
    if (const auto value = int_at(*consumption, {"used", kMembers[i]}))
      amounts[kAmounts[i].second] = *value;
  }
  like.meter = "consumption";
  like.amounts = encode(amounts);
  return to_span(*consumption, "Active", std::move(like));
}

}  // namespace charter::machine
