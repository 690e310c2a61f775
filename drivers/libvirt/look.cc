#include "drivers/libvirt/look.h"

#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"
#include "drivers/libvirt/survey.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

namespace charter::libvirt {
namespace {

constexpr int64_t kKib = 1024;
constexpr int64_t kThousandths = 1000;

std::string version_text(unsigned long version) {
  return std::to_string(version / 1'000'000) + "." + std::to_string(version / 1'000 % 1'000) + "." +
         std::to_string(version % 1'000);
}

/// A volume of ours in a pool.
struct Named {
  std::string pool;
  Volume volume;
  VolumeMark mark;
};

/// Collects one look.
class Look {
 public:
  Look(virConnectPtr connection, const Endpoint& endpoint, const std::vector<Pool>& pools)
      : connection_(connection), endpoint_(endpoint), pools_(pools), now_(endpoint.clock->now()) {}

  Result<Sight> take() {
    CHARTER_TRY(see_machines());
    CHARTER_TRY(see_pools());
    CHARTER_TRY(see_volumes());
    CHARTER_TRY(see_host());
    auto& inventory = sight_.inventory;
    inventory.version = endpoint_.version;
    const auto by_uid = [](const auto& a, const auto& b) { return a.uid < b.uid; };
    std::sort(inventory.machines.begin(), inventory.machines.end(), by_uid);
    std::sort(inventory.volumes.begin(), inventory.volumes.end(), by_uid);
    std::sort(inventory.foreign.begin(), inventory.foreign.end());
    return std::move(sight_);
  }

 private:
  Status see_machines() {
    CHARTER_TRY_ASSIGN(const auto all, survey(connection_, endpoint_, limits::kLookAgainMax));
    std::set<std::string> uids;
    for (const auto& each : all) {
      uids.insert(uid_of(*each.reading, endpoint_));
      if (is_given_up(*each.reading, endpoint_))
        see_given_up(each);
      else
        see_machine(*each.reading);
    }
    endpoint_.stops->keep_only(uids);
    return {};
  }

  // It is nobody's any more, so it goes as soon as the host lets it.
  void see_given_up(const Surveyed& each) {
    if (each.reading->active || !undefine(each.domain))
      sight_.inventory.foreign.push_back(each.reading->config.name);
  }

  void see_machine(const Reading& seen) {
    for (const auto& disk : seen.live.disks)
      holders_[disk.volume].insert(uid_of(seen, endpoint_));
    MachineState state = state_of(seen, endpoint_, now_);
    if (state.owner.empty()) {
      sight_.inventory.foreign.push_back(seen.config.name);
      if (seen.active) sight_.used[state.uid] = {state.vcpus, state.memory_bytes, 0};
      return;
    }
    // What waits for the next start has its room already.
    sight_.used[state.uid] = {std::max(state.vcpus, state.staged_vcpus),
                              std::max(state.memory_bytes, state.staged_memory_bytes),
                              state.disk_bytes};
    with_domain_.insert(state.uid);
    sight_.inventory.machines.push_back(std::move(state));
  }

  Status see_pools() {
    for (size_t i = 0; i < pools_.size(); ++i) {
      const std::string& pool = endpoint_.settings.pools[i].name;
      CHARTER_TRY_ASSIGN(auto volumes, volumes_of(pools_[i], pool));
      for (auto& volume : volumes)
        see_name(pool, std::move(volume));
    }
    return {};
  }

  void see_name(const std::string& pool, Volume volume) {
    const std::string name = virStorageVolGetName(volume.get());
    if (const auto uid = uid_of_boot_name(endpoint_.owner, name); !uid.empty()) {
      if (!with_domain_.insert(uid).second) return;
      sight_.inventory.machines.push_back({.uid = uid,
                                           .external_id = uid,
                                           .host = endpoint_.host,
                                           .owner = uid,
                                           .incomplete = true});
      return;
    }
    auto mark = read_volume_name(name);
    if (!mark || mark->owner != endpoint_.owner) return;
    volumes_[pool + "/" + name] = {pool, std::move(volume), *std::move(mark)};
  }

  Status see_volumes() {
    auto& memory = *endpoint_.sizes;
    std::map<std::string, std::string> facts;
    for (const auto& [name, volume] : volumes_)
      facts[name] = "";
    for (const auto& name : memory.due(facts, limits::kLookAgainMax, memory.tick())) {
      const uint64_t tick = memory.tick();
      auto size = size_of(volumes_[name].volume);
      if (!size && size.error().code == Code::NotFound) {  // gone since it was listed
        volumes_.erase(name);
        continue;
      }
      if (!size) return size.error();
      memory.keep(name, "", tick, std::make_shared<const VolumeSize>(*size));
    }
    for (const auto& [name, volume] : volumes_) {
      if (const auto size = memory.find(name)) see_volume(volume, size->capacity);
    }
    return {};
  }

  void see_volume(const Named& volume, int64_t bytes) {
    const auto& holders = holders_[virStorageVolGetName(volume.volume.get())];
    sight_.used[volume.mark.uid] = {0, 0, bytes};
    sight_.inventory.volumes.push_back({.uid = volume.mark.uid,
                                        .external_id = volume.pool + "/" + volume.mark.uid,
                                        .host = endpoint_.host,
                                        .size_bytes = bytes,
                                        .storage_class = volume.mark.storage_class,
                                        .protection = volume.mark.protection,
                                        .attached_to = {holders.begin(), holders.end()}});
  }

  Status see_host() {
    virNodeInfo node{};
    if (virNodeGetInfo(connection_, &node) != 0) return last_error("asking for the host's size");
    CHARTER_TRY_ASSIGN(const int64_t storage, storage_bytes());
    const auto& more = endpoint_.settings.overcommit;
    const auto& reserve = endpoint_.settings.reserve;
    const auto sold = [](int64_t has, int64_t factor, int64_t kept) {
      return std::max<int64_t>(0, has - kept) / kThousandths * factor +
             std::max<int64_t>(0, has - kept) % kThousandths * factor / kThousandths;
    };
    const Capacity total{
        sold(node.cpus, more.vcpus, reserve.vcpus),
        sold(static_cast<int64_t>(node.memory) * kKib, more.memory, reserve.memory_bytes),
        sold(storage, more.storage, reserve.storage_bytes)};
    Capacity free = total;
    for (const auto& [uid, used] : sight_.used) {
      free.vcpus -= used.vcpus;
      free.memory_bytes -= used.memory_bytes;
      free.storage_bytes -= used.storage_bytes;
    }
    free = {std::max<int64_t>(0, free.vcpus), std::max<int64_t>(0, free.memory_bytes),
            std::max<int64_t>(0, free.storage_bytes)};
    sight_.inventory.hosts = {{endpoint_.host, total, free}};
    return {};
  }

  // Directory pools of one file system each report all of it.
  Result<int64_t> storage_bytes() {
    std::set<std::pair<uint64_t, uint64_t>> counted;
    int64_t bytes = 0;
    for (size_t i = 0; i < pools_.size(); ++i) {
      virStoragePoolInfo size{};
      if (virStoragePoolGetInfo(pools_[i].get(), &size) != 0)
        return last_error("measuring storage pool " + endpoint_.settings.pools[i].name);
      if (counted.emplace(size.capacity, size.available).second)
        bytes += static_cast<int64_t>(size.capacity);
    }
    return bytes;
  }

  virConnectPtr connection_;
  const Endpoint& endpoint_;
  const std::vector<Pool>& pools_;
  const Instant now_;
  Sight sight_;
  std::set<std::string> with_domain_;
  std::map<std::string, Named> volumes_;                  ///< by "pool/name"
  std::map<std::string, std::set<std::string>> holders_;  ///< machine UIDs by volume name
};

}  // namespace

Result<Sight> look_around(virConnectPtr connection, const Endpoint& endpoint,
                          const std::vector<Pool>& pools) {
  return Look(connection, endpoint, pools).take();
}

Status identify(virConnectPtr connection, Endpoint& endpoint) {
  endpoint.host = take_text(virConnectGetHostname(connection));
  if (endpoint.host.empty()) return last_error("asking for the host's name");
  const char* type = virConnectGetType(connection);
  const std::string hypervisor = type != nullptr ? type : "";
  if (hypervisor != "QEMU" && hypervisor != "TEST")
    return Error{Code::Invalid, "spec.libvirt.uri: hypervisor " + hypervisor + " is not supported"};
  unsigned long library = 0, version = 0;
  if (virConnectGetLibVersion(connection, &library) != 0) return last_error("asking for versions");
  if (virConnectGetVersion(connection, &version) != 0) return last_error("asking for versions");
  endpoint.type = hypervisor == "TEST" ? DomainType::Test : DomainType::Qemu;
  endpoint.version = "libvirt " + version_text(library) + ", " +
                     (hypervisor == "TEST" ? "test" : "QEMU") + " " + version_text(version);
  return {};
}

}  // namespace charter::libvirt
