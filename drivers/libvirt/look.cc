#include "drivers/libvirt/look.h"

#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/storage.h"

#include <algorithm>
#include <set>

namespace charter::libvirt {
namespace {

constexpr int64_t kKib = 1024;
constexpr int64_t kThousandths = 1000;

std::string version_text(unsigned long version) {
  return std::to_string(version / 1'000'000) + "." + std::to_string(version / 1'000 % 1'000) + "." +
         std::to_string(version % 1'000);
}

/// Collects one look.
class Look {
 public:
  Look(virConnectPtr connection, const Endpoint& endpoint)
      : connection_(connection), endpoint_(endpoint), now_(endpoint.clock->now()) {}

  Result<Sight> take() {
    CHARTER_TRY(see_machines());
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
    CHARTER_TRY_ASSIGN(auto domains, all_domains(connection_));
    for (auto& domain : domains) {
      auto seen = look_at(std::move(domain));
      if (!seen && seen.error().code == Code::NotFound) continue;  // gone since the list was made
      if (!seen) return seen.error();
      see_machine(*seen);
    }
    return {};
  }

  void see_machine(const Seen& seen) {
    for (const auto& disk : seen.live.disks)
      holders_[disk.volume].insert(seen.config.uuid);
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

  Status see_volumes() {
    for (const auto& pool : endpoint_.settings.pools) {
      CHARTER_TRY_ASSIGN(const auto names, volume_names(connection_, pool.name));
      for (const auto& name : names)
        CHARTER_TRY(see_volume(pool.name, name));
    }
    return {};
  }

  Status see_volume(const std::string& pool, const std::string& name) {
    if (const auto uid = uid_of_boot_name(endpoint_.owner, name); !uid.empty()) {
      if (!with_domain_.insert(uid).second) return {};
      sight_.inventory.machines.push_back({.uid = uid,
                                           .external_id = uid,
                                           .host = endpoint_.host,
                                           .owner = uid,
                                           .incomplete = true});
      return {};
    }
    const auto mark = read_volume_name(name);
    if (!mark || mark->owner != endpoint_.owner) return {};
    CHARTER_TRY_ASSIGN(const Volume volume, find_volume(connection_, pool, name));
    if (!volume) return {};  // gone since the list was made
    CHARTER_TRY_ASSIGN(const VolumeSize size, size_of(volume));
    const auto& holders = holders_[name];
    sight_.used[mark->uid] = {0, 0, size.capacity};
    sight_.inventory.volumes.push_back({.uid = mark->uid,
                                        .external_id = pool + "/" + mark->uid,
                                        .host = endpoint_.host,
                                        .size_bytes = size.capacity,
                                        .storage_class = mark->storage_class,
                                        .protection = mark->protection,
                                        .attached_to = {holders.begin(), holders.end()}});
    return {};
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
    for (const auto& pool : endpoint_.settings.pools) {
      CHARTER_TRY_ASSIGN(const Pool open, open_pool(connection_, pool.name));
      virStoragePoolInfo size{};
      if (virStoragePoolGetInfo(open.get(), &size) != 0)
        return last_error("measuring storage pool " + pool.name);
      if (counted.emplace(size.capacity, size.available).second)
        bytes += static_cast<int64_t>(size.capacity);
    }
    return bytes;
  }

  virConnectPtr connection_;
  const Endpoint& endpoint_;
  const Instant now_;
  Sight sight_;
  std::set<std::string> with_domain_;
  std::map<std::string, std::set<std::string>> holders_;  ///< machine UIDs by volume name
};

}  // namespace

Result<Sight> look_around(virConnectPtr connection, const Endpoint& endpoint) {
  return Look(connection, endpoint).take();
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
