#include "drivers/simulated/sim_counters.h"

#include "controller/base/int128.h"
#include "drivers/simulated/sim_machines.h"

#include <algorithm>
#include <set>
#include <string>

namespace charter {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kReadPerSecond = 64 << 10, kWrittenPerSecond = 32 << 10;
constexpr int64_t kReceivedPerSecond = 16 << 10, kSentPerSecond = 48 << 10;
constexpr int64_t kFaultsPerProcessorSecond = 100;
constexpr int64_t kIdleShare = 4;  // a processor is busy one nanosecond in four

int64_t share(int64_t per_second, int64_t ns) {
  return static_cast<int64_t>(Int128{per_second} * ns / kSecondNs);
}

}  // namespace

void count_until(SimMachine& machine, Instant at) {
  // A machine that goes off runs until it is off; one that crashed or is paused has stopped.
  const bool starts_or_runs = machine.power == PowerState::On;
  const Instant from =
      starts_or_runs ? std::max(machine.counted_at, machine.power_at) : machine.counted_at;
  const Instant to = starts_or_runs ? at : std::min(at, machine.power_at);
  if (from < to && machine.boots > 0) {
    const int64_t ns = (to - from).count();
    machine.ran_ns += ns;
    machine.processor_ns += ns * machine.vcpus;
  }
  machine.counted_at = std::max(machine.counted_at, at);
}

void begin_counting(SimMachine& machine) {
  ++machine.boots;
  machine.counted_at = machine.power_at;
  machine.ran_ns = machine.processor_ns = 0;
}

MachineCounters counters_of(const SimMachine& machine, Instant now) {
  SimMachine at = machine;
  count_until(at, now);
  return {.uid = machine.uid,
          .epoch = "vm-" + std::to_string(machine.id) + "/" + std::to_string(machine.boots),
          .cpu_ns = at.processor_ns / kIdleShare,
          .page_faults = share(kFaultsPerProcessorSecond, at.processor_ns),
          .read_bytes = share(kReadPerSecond, at.ran_ns),
          .written_bytes = share(kWrittenPerSecond, at.ran_ns),
          .received_bytes = share(kReceivedPerSecond, at.ran_ns),
          .sent_bytes = share(kSentPerSecond, at.ran_ns)};
}

std::vector<MachineCounters> read_counters(SimRows& rows, Instant now) {
  std::set<std::string> down;
  for (const SimHost& host : rows.hosts()) {
    if (!host.up) down.insert(host.name);
  }
  std::vector<MachineCounters> counters;
  for (const SimMachine& machine : rows.machines()) {
    if (is_ours(machine) && machine.boots > 0 && !down.contains(machine.host))
      counters.push_back(counters_of(machine, now));
  }
  return counters;
}

}  // namespace charter
