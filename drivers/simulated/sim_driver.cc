#include "drivers/simulated/sim_driver.h"

#include "controller/base/check.h"
#include "drivers/inventory_changes.h"
#include "drivers/simulated/sim_counters.h"
#include "drivers/simulated/sim_look.h"
#include "drivers/simulated/sim_volumes.h"
#include "drivers/size.h"

#include <algorithm>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace charter {
namespace {

const char* effect_word(SimEffect effect) {
  switch (effect) {
    case SimEffect::Created:
      return "created";
    case SimEffect::Removed:
      return "removed";
    case SimEffect::Nothing:
      break;
  }
  return "";
}

/// Everything but user data and keys.
std::string arguments_of(const MachineSpec& spec) {
  std::string text = "name=" + spec.name + " vcpus=" + std::to_string(spec.vcpus) +
                     " memory=" + format_size(spec.memory_bytes) +
                     " disk=" + format_size(spec.disk_bytes) + " class=" + spec.machine_class +
                     " image=" + spec.image_digest + " diskClass=" + spec.disk_class +
                     " tenant=" + spec.protection.tenant + " (" + describe(spec.protection) + ")";
  for (const std::string& network : spec.networks)
    text += " network=" + network;
  for (const std::string& volume : spec.volume_uids)
    text += " volume=" + volume;
  return text;
}

std::string arguments_of(const VolumeSpec& spec) {
  return "name=" + spec.name + " size=" + format_size(spec.size_bytes) +
         " class=" + spec.storage_class + (spec.shared ? " shared" : "") +
         " tenant=" + spec.protection.tenant + " (" + describe(spec.protection) + ")";
}

/// Turns a Status into the effect of a call that makes and removes nothing.
Result<SimEffect> no_effect(Status done) {
  CHARTER_TRY(std::move(done));
  return SimEffect::Nothing;
}

void sync_hosts(SimRows& rows, const std::vector<SimHostSettings>& wanted) {
  std::map<std::string, SimHost> left;
  for (SimHost& host : rows.hosts())
    left.emplace(host.name, std::move(host));
  for (const SimHostSettings& settings : wanted) {
    const auto found = left.find(settings.name);
    const bool up =
        found == left.end() || found->second.up;  // what an admin switched off stays off
    rows.put_host({.name = settings.name, .total = settings.total, .up = up, .accepting = true});
    if (found != left.end()) left.erase(found);
  }
  for (auto& [name, host] : left) {
    if (host.used == Capacity{}) {
      rows.erase_host(name);
    } else if (std::exchange(host.accepting, false)) {
      rows.put_host(host);
    }
  }
}

}  // namespace

SimPause real_pause() {
  return [](Duration length) { std::this_thread::sleep_for(length); };
}

SimulatedDriver::SimulatedDriver(SimSettings settings, std::shared_ptr<SimWorld> world,
                                 SimSurroundings surroundings, int64_t epoch)
    : settings_(std::move(settings)),
      world_(std::move(world)),
      surroundings_(std::move(surroundings)),
      epoch_(epoch) {}

Result<std::shared_ptr<SimulatedDriver>> SimulatedDriver::open(SimSettings settings,
                                                               std::shared_ptr<SimWorld> world,
                                                               SimSurroundings surroundings) {
  CHECK(surroundings.clock != nullptr);
  int64_t epoch = 0;
  CHARTER_TRY(world->transact([&](SimRows& rows) -> Status {
    sync_hosts(rows, settings.hosts);
    epoch = rows.next_epoch();
    return {};
  }));
  return std::shared_ptr<SimulatedDriver>(
      new SimulatedDriver(std::move(settings), std::move(world), std::move(surroundings), epoch));
}

Result<std::optional<MachineState>> SimulatedDriver::observe(const std::string& uid) {
  std::optional<MachineState> state;
  CHARTER_TRY(run("observe", uid, "", [&](SimRows& rows, Instant) -> Result<SimEffect> {
    if (const auto machine = rows.machine(uid)) {
      state = state_of(*machine, surroundings_.clock->now(), rows.volumes_of(uid));
    }
    return SimEffect::Nothing;
  }));
  return state;
}

Status SimulatedDriver::create(const MachineSpec& spec) {
  return run("create", spec.uid, arguments_of(spec),
             [&](SimRows& rows, Instant at) -> Result<SimEffect> {
               CHARTER_TRY(check_possible(spec.protection, settings_.can));
               return create_machine(rows, spec, settings_, at);
             });
}

Status SimulatedDriver::set_power(const std::string& uid, PowerState wanted) {
  const char* word = wanted == PowerState::On ? "wanted=On" : "wanted=Off";
  return run("set_power", uid, word, [&](SimRows& rows, Instant at) {
    return no_effect(power_machine(rows, uid, wanted, settings_, at));
  });
}

Result<ResizeOutcome> SimulatedDriver::resize(const std::string& uid, int vcpus,
                                              int64_t memory_bytes) {
  const std::string arguments =
      "vcpus=" + std::to_string(vcpus) + " memory=" + format_size(memory_bytes);
  ResizeOutcome outcome = ResizeOutcome::Applied;
  CHARTER_TRY(run("resize", uid, arguments, [&](SimRows& rows, Instant at) -> Result<SimEffect> {
    CHARTER_TRY_ASSIGN(outcome, resize_machine(rows, uid, vcpus, memory_bytes, settings_, at));
    return SimEffect::Nothing;
  }));
  return outcome;
}

Status SimulatedDriver::remove(const std::string& uid) {
  return run("remove", uid, "", [&](SimRows& rows, Instant) { return remove_machine(rows, uid); });
}

Result<std::optional<VolumeState>> SimulatedDriver::observe_volume(const std::string& uid) {
  std::optional<VolumeState> state;
  CHARTER_TRY(run("observe_volume", uid, "", [&](SimRows& rows, Instant) -> Result<SimEffect> {
    if (const auto volume = rows.volume(uid)) state = state_of(*volume, rows.machines_of(uid));
    return SimEffect::Nothing;
  }));
  return state;
}

Status SimulatedDriver::create_volume(const VolumeSpec& spec) {
  return run("create_volume", spec.uid, arguments_of(spec),
             [&](SimRows& rows, Instant) -> Result<SimEffect> {
               CHARTER_TRY(check_possible(spec.protection, settings_.can));
               return charter::create_volume(rows, spec);
             });
}

Status SimulatedDriver::grow_volume(const std::string& uid, int64_t size_bytes) {
  return run("grow_volume", uid, "size=" + format_size(size_bytes), [&](SimRows& rows, Instant) {
    return no_effect(charter::grow_volume(rows, uid, size_bytes));
  });
}

Status SimulatedDriver::attach_volume(const std::string& uid, const std::string& machine_uid) {
  return run("attach_volume", uid, "machine=" + machine_uid,
             [&](SimRows& rows, Instant) { return no_effect(attach(rows, uid, machine_uid)); });
}

Status SimulatedDriver::detach_volume(const std::string& uid, const std::string& machine_uid) {
  return run("detach_volume", uid, "machine=" + machine_uid,
             [&](SimRows& rows, Instant) { return no_effect(detach(rows, uid, machine_uid)); });
}

Status SimulatedDriver::remove_volume(const std::string& uid) {
  return run("remove_volume", uid, "",
             [&](SimRows& rows, Instant) { return charter::remove_volume(rows, uid); });
}

Result<Inventory> SimulatedDriver::look() {
  Inventory inventory;
  CHARTER_TRY(run("look", "", "", [&](SimRows& rows, Instant) -> Result<SimEffect> {
    inventory = take_inventory(rows, surroundings_.clock->now());
    return SimEffect::Nothing;
  }));
  hints_.saw(inventory);
  return inventory;
}

Result<std::vector<MachineCounters>> SimulatedDriver::counters() {
  std::vector<MachineCounters> counters;
  CHARTER_TRY(run("counters", "", "", [&](SimRows& rows, Instant) -> Result<SimEffect> {
    counters = read_counters(rows, surroundings_.clock->now());
    return SimEffect::Nothing;
  }));
  return counters;
}

void SimulatedDriver::on_hint(Hint hint) {
  hints_.on_hint(std::move(hint));
}

Status SimulatedDriver::run(const std::string& call, const std::string& uid,
                            const std::string& arguments, const Work& work) {
  CHARTER_TRY_ASSIGN(const std::optional<Fault> fault, next_fault(call));
  const Instant at = pass(settings_.latency + (fault ? fault->delay : Duration{}));
  SimCall line{.at = at,
               .pid = ::getpid(),
               .epoch = epoch_,
               .call = call,
               .uid = uid,
               .arguments = arguments};
  return carry_out(line, fault, work);
}

Status SimulatedDriver::carry_out(SimCall& call, const std::optional<Fault>& fault,
                                  const Work& work) {
  const std::string injected = fault ? std::string(fault_word(fault->kind)) : "";
  const auto write_line = [&](SimRows& rows) -> Status {
    rows.append(call);
    return {};
  };
  if (fault && !fault->carried_out) {
    call.outcome = injected + " (injected)";
    CHARTER_TRY(world_->transact(write_line));
    return fault_error(*fault);
  }
  // The work and its line are one transaction: the ledger can neither miss an effect nor invent
  // one.
  Status done = world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(const SimEffect effect, work(rows, call.at));
    call.effect = effect_word(effect);
    call.outcome = fault ? injected + " (injected, carried out)" : "ok";
    return write_line(rows);
  });
  if (!done) {
    call.effect.clear();
    call.outcome = reason_word(done.error().code) + std::string(": ") + done.error().message;
    CHARTER_TRY(world_->transact(write_line));
  }
  if (fault && fault->kind != FaultKind::Slow) return fault_error(*fault);
  return done;
}

Result<std::optional<Fault>> SimulatedDriver::next_fault(const std::string& call) {
  std::optional<Fault> struck;
  const auto& rules = settings_.failures;
  const auto applies = [&call](const FaultRule& rule) { return matches(rule, call); };
  if (std::none_of(rules.begin(), rules.end(), applies)) return struck;
  // Matches are counted in the world, so that a restarted controller does not live through the
  // first N failures again. Every rule counts; the first one that strikes wins.
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    for (const FaultRule& rule : rules) {
      if (!applies(rule)) continue;
      const std::optional<Fault> fault = strike(rule, settings_.seed, rows.count_match(rule.key));
      if (!struck) struck = fault;
    }
    return {};
  }));
  return struck;
}

Instant SimulatedDriver::pass(Duration delay) const {
  const bool blocks = delay > Duration{} && surroundings_.pause;
  if (blocks) surroundings_.pause(delay);
  return surroundings_.clock->now() + (blocks ? Duration{} : delay);
}

DriverFactory simulated_driver_factory(SimWorlds& worlds, SimSurroundings surroundings) {
  return [&worlds,
          surroundings](const DriverSettings& settings) -> Result<std::shared_ptr<ProviderDriver>> {
    CHARTER_TRY_ASSIGN(SimSettings parsed, parse_sim_settings(settings.settings));
    parsed.can = settings.can;
    CHARTER_TRY_ASSIGN(std::shared_ptr<SimWorld> world, worlds.open(settings.provider_name));
    CHARTER_TRY_ASSIGN(std::shared_ptr<ProviderDriver> driver,
                       SimulatedDriver::open(std::move(parsed), std::move(world), surroundings));
    return driver;
  };
}

}  // namespace charter
