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

}  // namespace charter
