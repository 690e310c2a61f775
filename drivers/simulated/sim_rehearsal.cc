#include "drivers/simulated/sim_rehearsal.h"

#include "drivers/simulated/sim_driver.h"
#include "drivers/simulated/sim_machines.h"

#include <memory>
#include <mutex>
#include <utility>

namespace charter {
namespace {

/// Inventories that are still to be put on their hosts.
struct Waiting {
  std::mutex mutex;
  std::map<std::string, Inventory> inventories;
  std::map<std::string, std::vector<Inventory::Host>> hosts;  ///< by provider; these stay
  std::vector<Inventory::Host> hosts_of(const std::string& provider) {
    std::lock_guard lock(mutex);
    const auto found = hosts.find(provider);
    return found == hosts.end() ? std::vector<Inventory::Host>() : found->second;
  }
};

/// Hosts like those that were last seen. Settings of real drivers say where hosts are, not what
/// they have.
Result<SimSettings> settings_of(const std::vector<Inventory::Host>& hosts) {
  if (hosts.empty()) {
    return Error{Code::ServiceUnavailable,
                 "its host was never looked at, so nothing is known of its room"};
  }
  // What a running guest takes depends on the guest; a restart is what it may come to.
  SimSettings settings{.live_resize = false};
  for (const auto& host : hosts)
    settings.hosts.push_back({host.name, host.total});
  return settings;
}

void make_room_for(SimRows& rows, const std::string& host) {
  if (!rows.host(host)) rows.put_host({.name = host, .accepting = false});
}

SimMachine row_of(const MachineState& state, Instant now) {
  SimMachine machine{.uid = state.uid,
                     .owner = state.uid,
                     .name = state.uid,
                     .host = state.host,
                     .vcpus = state.vcpus,
                     .memory_bytes = state.memory_bytes,
                     .disk_bytes = state.disk_bytes,
                     .image_digest = state.image_digest,
                     .power = state.power,
                     .image_at = state.image_deployed ? Instant{} : now,
                     .address = state.address,
                     .disk_class = state.disk_class,
                     .networks = state.networks,
                     .protection = state.protection};
  machine.power_at = Instant(std::chrono::seconds(state.booted_at_s));
  if (!state.address.empty()) machine.known_at = Instant(Duration(1));  // zero means: never
  return machine;
}

void put(SimRows& rows, const Inventory& inventory, Instant now) {
  for (const VolumeState& state : inventory.volumes) {
    make_room_for(rows, state.host);
    rows.insert(SimVolume{.uid = state.uid,
                          .owner = state.uid,
                          .name = state.uid,
                          .host = state.host,
                          .size_bytes = state.size_bytes,
                          .storage_class = state.storage_class,
                          .shared = true,
                          .protection = state.protection});
  }
  for (const MachineState& state : inventory.machines) {
    make_room_for(rows, state.host);
    rows.insert(row_of(state, now));
    for (const std::string& volume : state.volume_uids)
      rows.link(state.uid, volume);
  }
}

SimSettings without_time_and_faults(SimSettings settings) {
  settings.boot_time = settings.image_time = settings.stop_time = settings.latency = Duration{};
  settings.failures.clear();
  return settings;
}

}  // namespace

DriverFactory rehearsal_driver_factory(SimWorlds& worlds,
                                       std::map<std::string, Inventory> inventories,
                                       const Clock& clock) {
  auto waiting = std::make_shared<Waiting>();
  for (const auto& [provider, inventory] : inventories)
    waiting->hosts[provider] = inventory.hosts;
  waiting->inventories = std::move(inventories);
  return [&worlds, &clock,
          waiting](const DriverSettings& settings) -> Result<std::shared_ptr<ProviderDriver>> {
    const bool simulated = settings.driver == "simulated";
    CHARTER_TRY_ASSIGN(SimSettings parsed,
                       simulated ? parse_sim_settings(settings.settings)
                                 : settings_of(waiting->hosts_of(settings.provider_name)));
    parsed.can = settings.can;
    CHARTER_TRY_ASSIGN(std::shared_ptr<SimWorld> world, worlds.open(settings.provider_name));
    CHARTER_TRY_ASSIGN(std::shared_ptr<ProviderDriver> driver,
                       SimulatedDriver::open(without_time_and_faults(std::move(parsed)), world,
                                             {.clock = &clock, .pause = {}}));
    std::lock_guard lock(waiting->mutex);
    auto seen = waiting->inventories.extract(settings.provider_name);
    if (!seen.empty()) {
      CHARTER_TRY(world->transact([&](SimRows& rows) -> Status {
        put(rows, seen.mapped(), clock.now());
        return {};
      }));
    }
    return driver;
  };
}

}  // namespace charter
