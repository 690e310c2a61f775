#include "drivers/simulated/sim_look.h"

#include "drivers/simulated/sim_machines.h"
#include "drivers/simulated/sim_volumes.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace charter {
namespace {

using Lists = std::unordered_map<std::string, std::vector<std::string>>;

std::vector<std::string> take(Lists& lists, const std::string& key) {
  const auto found = lists.find(key);
  return found == lists.end() ? std::vector<std::string>() : std::move(found->second);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += word + ",";
  return text;
}

void add_machines(SimRows& rows, Instant now, Lists& volumes_of, Inventory& inventory) {
  for (const SimMachine& machine : rows.machines()) {
    if (is_ours(machine)) {
      inventory.machines.push_back(state_of(machine, now, take(volumes_of, machine.uid)));
    } else {
      inventory.foreign.push_back(machine.name);
    }
  }
}

void add_volumes(SimRows& rows, Lists& machines_of, Inventory& inventory) {
  for (const SimVolume& volume : rows.volumes()) {
    if (!is_ours(volume)) {
      inventory.foreign.push_back(volume.name);
      continue;
    }
    std::vector<std::string> machines = take(machines_of, volume.uid);
    std::sort(machines.begin(), machines.end());
    inventory.volumes.push_back(state_of(volume, std::move(machines)));
  }
}

}  // namespace

Inventory take_inventory(SimRows& rows, Instant now) {
  Lists volumes_of, machines_of;
  for (auto& [machine, volume] : rows.attachments()) {
    volumes_of[machine].push_back(volume);
    machines_of[volume].push_back(machine);
  }
  Inventory inventory{.version = "simulated 1"};
  add_machines(rows, now, volumes_of, inventory);
  add_volumes(rows, machines_of, inventory);
  std::sort(inventory.foreign.begin(), inventory.foreign.end());
  for (const SimHost& host : rows.hosts()) {
    // Room that nothing new can use is not free.
    const Capacity free = host.up && host.accepting ? host.free() : Capacity{};
    const char* state = !host.up ? "Down" : host.accepting ? "Up" : "Draining";
    inventory.hosts.push_back({host.name, host.total, free, state});
  }
  return inventory;
}

std::map<std::string, std::string> digests_of(const Inventory& inventory) {
  std::map<std::string, std::string> digests;
  for (const MachineState& m : inventory.machines) {
    digests[m.uid] = m.external_id + "/" + m.host + "/" + std::to_string(m.vcpus) + "/" +
                     std::to_string(m.memory_bytes) + "/" +
                     std::to_string(static_cast<int>(m.power)) + "/" +
                     std::to_string(m.image_deployed) + "/" + m.address + "/" +
                     std::to_string(m.booted_at_s) + "/" + joined(m.volume_uids);
  }
  for (const VolumeState& v : inventory.volumes) {
    digests[v.uid] = v.external_id + "/" + v.host + "/" + std::to_string(v.size_bytes) + "/" +
                     joined(v.attached_to);
  }
  return digests;
}

std::vector<std::string> differing_keys(const std::map<std::string, std::string>& before,
                                        const std::map<std::string, std::string>& now) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != value) keys.push_back(key);
  }
  for (const auto& [key, value] : before) {
    if (!now.contains(key)) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

}  // namespace charter
