#include "reconcilers/machine/metering.h"

#include "reconcilers/common/metering.h"
#include "reconcilers/machine/consumption.h"

#include <nlohmann/json.hpp>

namespace charter::machine {
namespace {

std::optional<Instant> host_time(int64_t seconds) {
  return seconds > 0 ? std::optional(instant_of(seconds)) : std::nullopt;
}

// Still takes its processors.
bool runs(PowerState power) {
  return power == PowerState::On || power == PowerState::Stopping;
}

std::string amounts_of(const Json& span) {
  return encode({{"cpu-hours", int_at(span, {"vcpus"}).value_or(0)},
                 {"machine-hours", 1},
                 {"memory-hours", parse_bytes(text_at(span, {"memory"})).value_or(0)}});
}

}  // namespace

std::optional<Metering> metered(const Machine& machine, const Observed& have) {
  auto metering = machine.status.metering;
  if (!metering && have.contract_uid.empty()) return metering;
  const bool ours = have.vm && have.vm->owner == machine.meta.uid;
  if (!metering && !ours) return metering;
  if (!metering) metering.emplace().contract_uid = have.contract_uid;
  MeterTimes times{have.now, {}, {}};
  std::optional<Charged> allocated, active;
  if (ours) {
    allocated = Charged{have.vm->vcpus, have.vm->memory_bytes, {}};
    if (have.vm->power == PowerState::On) times.began = host_time(have.vm->booted_at_s);
    if (!runs(have.vm->power)) times.ended = host_time(have.vm->power_since_s);
    const bool was_active = metering->active && metering->active->lasts();
    if (have.vm->power == PowerState::On || (was_active && runs(have.vm->power)))
      active = allocated;
  }
  // A deletion gives everything back once it is off: said before it is removed, so that no crash in
  // between makes it a second later.
  if (!machine.meta.deleted.empty() && !active) allocated.reset();
  advance(metering->active, active, times, have.by);
  advance(metering->allocated, allocated, {have.now, {}, {}}, have.by);
  consume(*metering, have, !machine.status.metering);
  return metering;
}

bool is_charged(const std::optional<Metering>& metering) {
  return metering && ((metering->allocated && metering->allocated->lasts()) ||
                      (metering->active && metering->active->lasts()));
}

std::vector<MeterSpan> meter(const Json& machine) {
  std::vector<MeterSpan> spans;
  const auto* metering = at(machine, {"status", "metering"});
  if (metering == nullptr) return spans;
  MeterSpan like;
  like.meter = "machine";
  like.payer = text_at(*metering, {"contractUID"});
  const auto ns = text_at(machine, {"metadata", "namespace"}) + "/";
  like.payer_name = ns + text_at(machine, {"spec", "contractRef", "name"});
  like.name = ns + text_at(machine, {"metadata", "name"});
  like.part_of = ns + text_at(machine, {"spec", "instanceRef", "name"});
  for (const auto& [key, basis] : {std::pair("allocated", "Allocated"), {"active", "Active"}}) {
    const auto* span = at(*metering, {key});
    if (span == nullptr) continue;
    like.amounts = amounts_of(*span);
    spans.push_back(to_span(*span, basis, like));
  }
  if (auto span = consumption_span(*metering, like)) spans.push_back(*std::move(span));
  return spans;
}

}  // namespace charter::machine
