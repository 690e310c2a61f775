#include "drivers/simulated/sim_admin.h"

#include "drivers/simulated/sim_counters.h"
#include "drivers/simulated/sim_machines.h"
#include "drivers/simulated/sim_volumes.h"
#include "drivers/size.h"

#include <algorithm>
#include <functional>
#include <map>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

std::string power_word(PowerState power) {
  switch (power) {
    case PowerState::Off:
      return "Off";
    case PowerState::Starting:
      return "Starting";
    case PowerState::On:
      return "On";
    case PowerState::Stopping:
      return "Stopping";
    case PowerState::Paused:
      return "Paused";
    case PowerState::Crashed:
      return "Crashed";
  }
  return "";
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : ",") + word;
  return text;
}

const char* yes_no(bool flag) {
  return flag ? "yes" : "no";
}

/// The one thing that `word` names by uid, external id or name.
template <class Thing>
Result<Thing> pick(const std::vector<Thing>& things, const std::string& word,
                   const std::string& prefix, const std::string& kind) {
  const Thing* found = nullptr;
  for (const Thing& thing : things) {
    const bool named = thing.name == word || (!thing.uid.empty() && thing.uid == word) ||
                       prefix + std::to_string(thing.id) == word;
    if (named && found) {
      return Error{Code::Conflict, "more than one " + kind + " is named " + word + "; use its id"};
    }
    if (named) found = &thing;
  }
  if (!found) return Error{Code::NotFound, "there is no " + kind + " " + word};
  return *found;
}

Result<SimMachine> pick_machine(SimRows& rows, const std::string& word) {
  return pick(rows.machines(), word, "vm-", "machine");
}

bool is_running(const SimMachine& machine, Instant now) {
  const PowerState power = power_of(machine, now);
  return power != PowerState::Off && power != PowerState::Crashed;
}

void note(SimRows& rows, Instant at, const std::string& call, const std::string& uid,
          const std::string& arguments, const std::string& effect) {
  rows.append({.at = at,
               .pid = ::getpid(),
               .call = "admin." + call,
               .uid = uid,
               .arguments = arguments,
               .outcome = "ok",
               .effect = effect});
}

/// What the ledger must hold to balance: things without our stamp were never counted.
template <class Thing>
std::string removal_of(const Thing& thing) {
  return is_ours(thing) ? "removed" : "";
}

void count(std::map<std::string, SimHistory>& histories, const SimCall& call) {
  if (call.effect.empty()) return;
  SimHistory& history = histories[call.uid];
  ++(call.effect == "created" ? history.created : history.removed);
  history.most_at_once = std::max(history.most_at_once, history.created - history.removed);
}

std::map<std::string, SimHistory> all_histories(SimRows& rows, const std::string& uid) {
  constexpr int64_t kPage = 10'000;
  std::map<std::string, SimHistory> histories;
  SimCallQuery query{.uid = uid, .limit = kPage};
  for (bool more = true; more;) {
    const std::vector<SimCall> page = rows.calls(query);
    for (const SimCall& call : page)
      count(histories, call);
    more = static_cast<int64_t>(page.size()) == kPage;
    if (more) query.after_seq = page.back().seq;
  }
  const auto add_live = [&](const auto& things) {
    for (const auto& thing : things) {
      if (is_ours(thing) && (uid.empty() || thing.uid == uid)) ++histories[thing.uid].live;
    }
  };
  add_live(rows.machines());
  add_live(rows.volumes());
  for (auto& [key, history] : histories)
    history.uid = key;
  return histories;
}

}  // namespace

Result<SimAdmin> SimAdmin::open(const std::string& directory, const std::string& provider_name,
                                const Clock& clock) {
  const std::string path = sim_world_path(directory, provider_name);
  CHARTER_TRY_ASSIGN(std::shared_ptr<SimWorld> world, SimWorld::open(path, SqlAccess::Visitor));
  return SimAdmin(std::move(world), clock);
}

Result<SimTable> SimAdmin::machines() const {
  SimTable table{{"ID", "NAME", "HOST", "POWER", "VCPUS", "MEMORY", "DISK", "ADDRESS", "ISOLATION",
                  "ENCRYPTED", "OWNER", "UID"},
                 {}};
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    for (const SimMachine& m : rows.machines()) {
      const MachineState state = state_of(m, clock_.now(), {});
      table.rows.push_back(
          {state.external_id, m.name, m.host, power_word(state.power), std::to_string(state.vcpus),
           format_size(state.memory_bytes), format_size(m.disk_bytes), state.address,
           std::string(tenancy_word(m.protection.tenancy)), yes_no(m.protection.encrypted_at_rest),
           is_ours(m) ? "ours" : "foreign", m.uid});
    }
    return {};
  }));
  return table;
}

Result<SimTable> SimAdmin::machine(const std::string& word) const {
  SimTable table{{"FIELD", "VALUE"}, {}};
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(const SimMachine m, pick_machine(rows, word));
    const MachineState state = state_of(m, clock_.now(), rows.volumes_of(m.uid));
    table.rows = {{"id", state.external_id},
                  {"name", m.name},
                  {"uid", m.uid},
                  {"owner", is_ours(m) ? "ours" : "foreign"},
                  {"tenant", m.protection.tenant},
                  {"isolation", std::string(tenancy_word(m.protection.tenancy))},
                  {"encrypted", yes_no(m.protection.encrypted_at_rest)},
                  {"networks", joined(m.networks)},
                  {"host", m.host},
                  {"class", m.machine_class},
                  {"power", power_word(state.power)},
                  {"vcpus", std::to_string(state.vcpus)},
                  {"memory", format_size(state.memory_bytes)},
                  {"disk", format_size(m.disk_bytes)},
                  {"diskClass", m.disk_class},
                  {"image", m.image_url},
                  {"imageDigest", m.image_digest},
                  {"imageFormat", m.image_format},
                  {"volumes", joined(state.volume_uids)},
                  {"address", state.address}};
    const MachineCounters used = counters_of(m, clock_.now());
    for (const auto& [field, value] : {std::pair("cpuNanoseconds", used.cpu_ns),
                                       {"pageFaults", used.page_faults},
                                       {"readBytes", used.read_bytes},
                                       {"writtenBytes", used.written_bytes},
                                       {"receivedBytes", used.received_bytes},
                                       {"sentBytes", used.sent_bytes}})
      table.rows.push_back({field, std::to_string(value.value_or(0))});
    return {};
  }));
  return table;
}

Result<SimTable> SimAdmin::volumes() const {
  SimTable table{{"ID", "NAME", "HOST", "SIZE", "CLASS", "SHARED", "ISOLATION", "ENCRYPTED",
                  "MACHINES", "UID"},
                 {}};
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    for (const SimVolume& v : rows.volumes()) {
      table.rows.push_back(
          {"vol-" + std::to_string(v.id), v.name, v.host, format_size(v.size_bytes),
           v.storage_class, yes_no(v.shared), std::string(tenancy_word(v.protection.tenancy)),
           yes_no(v.protection.encrypted_at_rest), joined(rows.machines_of(v.uid)), v.uid});
    }
    return {};
  }));
  return table;
}

Result<SimTable> SimAdmin::hosts() const {
  SimTable table{{"NAME", "POWER", "PLACEMENT", "VCPUS", "MEMORY", "STORAGE"}, {}};
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    for (const SimHost& h : rows.hosts()) {
      table.rows.push_back(
          {h.name, h.up ? "Up" : "Down", h.accepting ? "Accepting" : "Retired",
           std::to_string(h.used.vcpus) + "/" + std::to_string(h.total.vcpus),
           format_size(h.used.memory_bytes) + "/" + format_size(h.total.memory_bytes),
           format_size(h.used.storage_bytes) + "/" + format_size(h.total.storage_bytes)});
    }
    return {};
  }));
  return table;
}

Result<SimTable> SimAdmin::calls(const SimCallQuery& query) const {
  SimTable table{{"SEQ", "TIME", "EPOCH", "PID", "CALL", "UID", "ARGUMENTS", "OUTCOME", "EFFECT"},
                 {}};
  CHARTER_TRY_ASSIGN(const std::vector<SimCall> lines, ledger(query));
  for (const SimCall& c : lines) {
    table.rows.push_back({std::to_string(c.seq), format_micro_time(c.at), std::to_string(c.epoch),
                          std::to_string(c.pid), c.call, c.uid, c.arguments, c.outcome, c.effect});
  }
  return table;
}

Status SimAdmin::kill(const std::string& word) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(SimMachine machine, pick_machine(rows, word));
    const Instant now = clock_.now();
    if (!is_running(machine, now))
      return Error{Code::Conflict, "machine " + word + " does not run"};
    crash(machine, now);
    rows.update(machine);
    note(rows, now, "kill", machine.uid, "name=" + machine.name, "");
    return {};
  });
}

Status SimAdmin::pause(const std::string& word) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(SimMachine machine, pick_machine(rows, word));
    const Instant now = clock_.now();
    if (power_of(machine, now) != PowerState::On) {
      return Error{Code::Conflict, "machine " + word + " does not run"};
    }
    count_until(machine, now);
    machine.power = PowerState::Paused;
    rows.update(machine);
    note(rows, now, "pause", machine.uid, "name=" + machine.name, "");
    return {};
  });
}

Status SimAdmin::undefine(const std::string& word) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(const SimMachine machine, pick_machine(rows, word));
    if (is_ours(machine)) rows.unlink_all(machine.uid);
    rows.erase_machine(machine.id);
    note(rows, clock_.now(), "undefine", machine.uid, "name=" + machine.name, removal_of(machine));
    return {};
  });
}

Status SimAdmin::undefine_volume(const std::string& word) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(const SimVolume volume, pick(rows.volumes(), word, "vol-", "volume"));
    for (const std::string& machine : rows.machines_of(volume.uid))
      rows.unlink(machine, volume.uid);
    rows.erase_volume(volume.id);
    note(rows, clock_.now(), "undefine_volume", volume.uid, "name=" + volume.name,
         removal_of(volume));
    return {};
  });
}

Status SimAdmin::edit(const std::string& word, const SimEdit& edit) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(SimMachine machine, pick_machine(rows, word));
    count_until(machine, clock_.now());
    machine.vcpus = edit.vcpus.value_or(machine.vcpus);
    machine.memory_bytes = edit.memory_bytes.value_or(machine.memory_bytes);
    machine.name = edit.name.value_or(machine.name);
    if (machine.vcpus < 1 || machine.memory_bytes < 1) {
      return Error{Code::Invalid, "vcpus and memory must be positive"};
    }
    rows.update(machine);
    const std::string arguments = "name=" + machine.name +
                                  " vcpus=" + std::to_string(machine.vcpus) +
                                  " memory=" + format_size(machine.memory_bytes);
    note(rows, clock_.now(), "edit", machine.uid, arguments, "");
    return {};
  });
}

Status SimAdmin::reset_counters(const std::string& word) {
  return world_->transact([&](SimRows& rows) -> Status {
    CHARTER_TRY_ASSIGN(SimMachine machine, pick_machine(rows, word));
    const Instant now = clock_.now();
    count_until(machine, now);
    machine.ran_ns = machine.processor_ns = 0;
    rows.update(machine);
    note(rows, now, "reset_counters", machine.uid, "name=" + machine.name, "");
    return {};
  });
}

Status SimAdmin::add_foreign(const ForeignMachine& foreign) {
  return world_->transact([&](SimRows& rows) -> Status {
    if (foreign.name.empty()) return Error{Code::Invalid, "name: required value"};
    const Capacity need{foreign.vcpus, foreign.memory_bytes, foreign.disk_bytes};
    CHARTER_TRY_ASSIGN(const std::string host, place(rows, need, {}));
    const Instant now = clock_.now();
    rows.insert(SimMachine{.uid = foreign.uid,
                           .name = foreign.name,
                           .host = host,
                           .vcpus = foreign.vcpus,
                           .memory_bytes = foreign.memory_bytes,
                           .disk_bytes = foreign.disk_bytes,
                           .power = PowerState::On,
                           .power_at = now,
                           .image_at = now});
    note(rows, now, "add_foreign", foreign.uid, "name=" + foreign.name, "");
    return {};
  });
}

Status SimAdmin::set_host(const std::string& name, HostPower power) {
  return world_->transact([&](SimRows& rows) -> Status {
    std::optional<SimHost> host = rows.host(name);
    if (!host) return Error{Code::NotFound, "there is no host " + name};
    const Instant now = clock_.now();
    host->up = power == HostPower::Up;
    rows.put_host(*host);
    for (SimMachine& machine : rows.machines()) {
      if (host->up || machine.host != name || !is_running(machine, now)) continue;
      crash(machine, now);
      rows.update(machine);
    }
    note(rows, now, "set_host", "", "host=" + name + (host->up ? " up" : " down"), "");
    return {};
  });
}

Result<SimHistory> SimAdmin::history(const std::string& uid) const {
  SimHistory history{.uid = uid};
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    const auto found = all_histories(rows, uid);
    if (!found.empty()) history = found.begin()->second;
    return {};
  }));
  return history;
}

Result<std::vector<SimHistory>> SimAdmin::histories() const {
  std::vector<SimHistory> list;
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    for (auto& [uid, history] : all_histories(rows, ""))
      list.push_back(std::move(history));
    return {};
  }));
  return list;
}

Result<std::vector<SimCall>> SimAdmin::ledger(const SimCallQuery& query) const {
  std::vector<SimCall> lines;
  CHARTER_TRY(world_->transact([&](SimRows& rows) -> Status {
    lines = rows.calls(query);
    return {};
  }));
  return lines;
}

}  // namespace charter
