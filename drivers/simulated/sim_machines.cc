#include "drivers/simulated/sim_machines.h"

#include "drivers/fingerprint.h"
#include "drivers/simulated/sim_counters.h"
#include "drivers/simulated/sim_volumes.h"
#include "drivers/size.h"

#include <algorithm>
#include <utility>

namespace charter {
namespace {

std::string describe(const Capacity& amount) {
  std::string text;
  const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  if (amount.vcpus != 0) add(std::to_string(amount.vcpus) + " vcpus");
  if (amount.memory_bytes != 0) add(format_size(amount.memory_bytes) + " memory");
  if (amount.storage_bytes != 0) add(format_size(amount.storage_bytes) + " storage");
  return text.empty() ? "nothing" : text;
}

bool fits(const Capacity& need, const Capacity& room) {
  return need.vcpus <= room.vcpus && need.memory_bytes <= room.memory_bytes &&
         need.storage_bytes <= room.storage_bytes;
}

Error wait_for_capacity(const std::string& message) {
  return {Code::TooManyRequests, message, "WaitForCapacity"};
}

Error no_room(SimRows& rows, const Capacity& need) {
  const auto by_size = [&need](const Capacity& a, const Capacity& b) {
    return need.memory_bytes > 0 ? a.memory_bytes < b.memory_bytes
                                 : a.storage_bytes < b.storage_bytes;
  };
  std::optional<SimHost> freest;
  bool feasible = false;
  for (const SimHost& host : rows.hosts()) {
    if (!host.accepting) continue;
    feasible = feasible || fits(need, host.total);
    if (host.up && (!freest || by_size(freest->free(), host.free()))) freest = host;
  }
  const std::string asked = "asked " + describe(need);
  if (!feasible)
    return {Code::Invalid, asked + ": larger than any host, also when it is empty", "Infeasible"};
  if (!freest) return wait_for_capacity(asked + ": every host is down");
  return wait_for_capacity(asked + ": no host has room; the largest free is " + freest->name +
                           " with " + describe(freest->free()));
}

Status check_spec(const MachineSpec& spec) {
  if (spec.uid.empty()) return Error{Code::Invalid, "uid: required value"};
  if (spec.vcpus < 1)
    return Error{Code::Invalid, "vcpus: " + std::to_string(spec.vcpus) + " is less than 1"};
  if (spec.memory_bytes < 1) return Error{Code::Invalid, "memory: must be positive"};
  if (spec.disk_bytes < 0) return Error{Code::Invalid, "disk: must not be negative"};
  for (const auto& network : spec.networks) {
    if (network.find(',') != std::string::npos)
      return Error{Code::Invalid, "network " + network + ": a name holds no comma"};
  }
  return {};
}

bool is_same(SimRows& rows, const SimMachine& machine, const MachineSpec& spec) {
  const int64_t vcpus = machine.staged_vcpus > 0 ? machine.staged_vcpus : machine.vcpus;
  const int64_t memory =
      machine.staged_memory_bytes > 0 ? machine.staged_memory_bytes : machine.memory_bytes;
  return machine.fingerprint == fingerprint_of(spec) && vcpus == spec.vcpus &&
         memory == spec.memory_bytes && rows.volumes_of(machine.uid) == spec.volume_uids;
}

Result<SimMachine> find_ours(SimRows& rows, const std::string& uid) {
  std::optional<SimMachine> machine = rows.machine(uid);
  if (!machine) return Error{Code::NotFound, "there is no machine " + uid};
  if (!is_ours(*machine)) return not_ours("machine", uid);
  return *std::move(machine);
}

Result<SimHost> running_host(SimRows& rows, const std::string& name) {
  std::optional<SimHost> host = rows.host(name);
  if (!host || !host->up) return Error{Code::ServiceUnavailable, "host " + name + " is down"};
  return *std::move(host);
}

bool runs(PowerState power) {
  return power != PowerState::Off && power != PowerState::Crashed;
}

/// The restart that a staged resize waits for.
void apply_staged(SimMachine& machine) {
  if (machine.staged_vcpus > 0) machine.vcpus = machine.staged_vcpus;
  if (machine.staged_memory_bytes > 0) machine.memory_bytes = machine.staged_memory_bytes;
  machine.staged_vcpus = machine.staged_memory_bytes = 0;
}

void start(SimMachine& machine, PowerState now, const SimSettings& settings, Instant at) {
  count_until(machine, at);
  const PowerState before = std::exchange(machine.power, PowerState::On);
  if (now == PowerState::Paused) return;  // resumes where it was, booted when it was
  // A machine that still stops finishes that first; one whose image is not copied yet waits for it.
  Instant from = std::max(at, machine.image_at);
  if (before == PowerState::Off) from = std::max(from, machine.power_at);
  machine.power_at = from + settings.boot_time;
  if (machine.known_at == Instant{} || machine.known_at > at) machine.known_at = machine.power_at;
  apply_staged(machine);
  begin_counting(machine);
}

void stop(SimMachine& machine, PowerState now, const SimSettings& settings, Instant at) {
  count_until(machine, at);
  machine.power = PowerState::Off;
  machine.power_at = runs(now) ? at + settings.stop_time : at;
  if (machine.known_at > at) machine.known_at = Instant{};  // never came up
}

/// Growth beyond what the machine's own host can give. Shrinking always passes: it must work on a
/// host that an admin has overcommitted.
Status check_growth(const SimMachine& machine, const SimHost& host, const Capacity& wanted) {
  Capacity room = host.free();
  room.vcpus += std::max(machine.vcpus, machine.staged_vcpus);
  room.memory_bytes += std::max(machine.memory_bytes, machine.staged_memory_bytes);
  room.storage_bytes = 0;
  const Capacity need{wanted.vcpus > machine.vcpus ? wanted.vcpus : 0,
                      wanted.memory_bytes > machine.memory_bytes ? wanted.memory_bytes : 0, 0};
  if (fits(need, room)) return {};
  const std::string asked = "asked " + describe(need) + ": host " + host.name;
  if (!fits(need, host.total))
    return Error{Code::Invalid, asked + " is smaller than that", "Infeasible"};
  return wait_for_capacity(asked + " could give it " + describe(room));
}

}  // namespace

PowerState power_of(const SimMachine& machine, Instant now) {
  const bool reached = now >= machine.power_at;
  if (machine.power == PowerState::On) return reached ? PowerState::On : PowerState::Starting;
  if (machine.power == PowerState::Off) return reached ? PowerState::Off : PowerState::Stopping;
  return machine.power;
}

MachineState state_of(const SimMachine& machine, Instant now,
                      std::vector<std::string> volume_uids) {
  MachineState state{.uid = machine.uid,
                     .external_id = "vm-" + std::to_string(machine.id),
                     .host = machine.host,
                     .owner = machine.owner,
                     .disk_bytes = machine.disk_bytes,
                     .image_deployed = now >= machine.image_at,
                     .power = power_of(machine, now),
                     .image_digest = machine.image_digest,
                     .disk_class = machine.disk_class,
                     .networks = machine.networks,
                     .protection = machine.protection,
                     .volume_uids = std::move(volume_uids)};
  SimMachine defined = machine;
  if (!runs(state.power)) apply_staged(defined);
  state.staged_vcpus = static_cast<int>(defined.staged_vcpus);
  state.staged_memory_bytes = defined.staged_memory_bytes;
  state.vcpus = static_cast<int>(defined.vcpus);
  state.memory_bytes = defined.memory_bytes;
  if (machine.known_at != Instant{} && now >= machine.known_at) state.address = machine.address;
  if (state.power == PowerState::On) {
    state.booted_at_s =
        std::chrono::duration_cast<std::chrono::seconds>(machine.power_at.time_since_epoch())
            .count();
  } else if (!runs(state.power) && machine.power_at != Instant{}) {
    state.power_since_s =
        std::chrono::duration_cast<std::chrono::seconds>(machine.power_at.time_since_epoch())
            .count();
  }
  return state;
}

Result<std::string> place(SimRows& rows, const Capacity& need, const Protection& protection) {
  std::optional<std::string> host = rows.roomiest_host(need, protection);
  if (host) return *std::move(host);
  for (const SimHost& candidate : rows.hosts()) {
    if (!candidate.up || !candidate.accepting || !fits(need, candidate.free())) continue;
    return wait_for_capacity("asked " + describe(need) +
                             ": no host that has room is free of other tenants");
  }
  return no_room(rows, need);
}

Result<std::string> place_volume(SimRows& rows, int64_t size_bytes) {
  std::optional<std::string> host = rows.roomiest_store(size_bytes);
  if (!host) return no_room(rows, {0, 0, size_bytes});
  return *std::move(host);
}

Result<SimEffect> create_machine(SimRows& rows, const MachineSpec& spec,
                                 const SimSettings& settings, Instant at) {
  CHARTER_TRY(check_spec(spec));
  if (const std::optional<SimMachine> present = rows.machine(spec.uid)) {
    if (!is_ours(*present)) return not_ours("machine", spec.uid);
    if (is_same(rows, *present, spec)) return SimEffect::Nothing;
    return Error{Code::Conflict, "machine " + spec.uid + " exists with another specification"};
  }
  CHARTER_TRY_ASSIGN(
      const std::string host,
      place(rows, {spec.vcpus, spec.memory_bytes, spec.disk_bytes}, spec.protection));
  SimMachine machine{.uid = spec.uid,
                     .owner = spec.uid,
                     .name = spec.name,
                     .host = host,
                     .vcpus = spec.vcpus,
                     .memory_bytes = spec.memory_bytes,
                     .disk_bytes = spec.disk_bytes,
                     .machine_class = spec.machine_class,
                     .image_url = spec.image_url,
                     .image_digest = spec.image_digest,
                     .fingerprint = fingerprint_of(spec),
                     .image_at = spec.image_url.empty() ? at : at + settings.image_time,
                     .disk_class = spec.disk_class,
                     .image_format = spec.image_format,
                     .networks = spec.networks,
                     .protection = spec.protection};
  machine.id = rows.insert(machine);
  machine.address = address_of(machine.id, settings.seed);
  rows.update(machine);
  for (const std::string& volume : spec.volume_uids)
    CHARTER_TRY(attach(rows, volume, spec.uid));
  return SimEffect::Created;
}

Status power_machine(SimRows& rows, const std::string& uid, PowerState wanted,
                     const SimSettings& settings, Instant at) {
  if (wanted != PowerState::On && wanted != PowerState::Off) {
    return Error{Code::Invalid, "power: only On and Off can be asked for"};
  }
  CHARTER_TRY_ASSIGN(SimMachine machine, find_ours(rows, uid));
  if (machine.power == wanted) return {};
  const PowerState now = power_of(machine, at);
  if (wanted == PowerState::On) {
    CHARTER_TRY(running_host(rows, machine.host));
    start(machine, now, settings, at);
  } else {
    stop(machine, now, settings, at);
  }
  rows.update(machine);
  return {};
}

Result<ResizeOutcome> resize_machine(SimRows& rows, const std::string& uid, int vcpus,
                                     int64_t memory_bytes, const SimSettings& settings,
                                     Instant at) {
  if (vcpus < 1 || memory_bytes < 1)
    return Error{Code::Invalid, "vcpus and memory must be positive"};
  CHARTER_TRY_ASSIGN(SimMachine machine, find_ours(rows, uid));
  CHARTER_TRY_ASSIGN(const SimHost host, running_host(rows, machine.host));
  count_until(machine, at);
  const bool running = runs(power_of(machine, at));
  if (!running) apply_staged(machine);
  CHARTER_TRY(check_growth(machine, host, {vcpus, memory_bytes, 0}));
  const bool same = machine.vcpus == vcpus && machine.memory_bytes == memory_bytes;
  const bool at_once = same || settings.live_resize || !running;
  machine.staged_vcpus = at_once ? 0 : vcpus;
  machine.staged_memory_bytes = at_once ? 0 : memory_bytes;
  if (at_once) {
    machine.vcpus = vcpus;
    machine.memory_bytes = memory_bytes;
  }
  rows.update(machine);
  return at_once ? ResizeOutcome::Applied : ResizeOutcome::RestartRequired;
}

Result<SimEffect> remove_machine(SimRows& rows, const std::string& uid) {
  const std::optional<SimMachine> machine = rows.machine(uid);
  if (!machine) return SimEffect::Nothing;
  if (!is_ours(*machine)) return not_ours("machine", uid);
  rows.unlink_all(uid);
  rows.erase_machine(machine->id);
  return SimEffect::Removed;
}

Error not_ours(const std::string& kind, const std::string& uid) {
  return {Code::Forbidden, kind + " " + uid + " exists but was not made by us; it is left alone"};
}

void crash(SimMachine& machine, Instant at) {
  count_until(machine, at);
  machine.power = PowerState::Crashed;
  machine.power_at = at;
  if (machine.known_at > at) machine.known_at = Instant{};
}

std::string address_of(int64_t id, uint64_t seed) {
  // .0 and .255 stay free. The seed moves the network, so that two worlds with different seeds look
  // different.
  const auto number = static_cast<uint64_t>(id);
  const uint64_t last = 1 + number % 254;
  const uint64_t third = number / 254 % 256;
  const uint64_t second = (number / 254 / 256 + seed) % 256;
  return "10." + std::to_string(second) + "." + std::to_string(third) + "." + std::to_string(last);
}

}  // namespace charter
