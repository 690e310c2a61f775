#include "drivers/libvirt/volumes.h"

#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/machines.h"
#include "drivers/libvirt/statistics.h"
#include "drivers/libvirt/storage.h"
#include "drivers/libvirt/survey.h"
#include "drivers/size.h"
#include "drivers/size_rounding.h"

#include <algorithm>
#include <functional>
#include <thread>

namespace charter::libvirt {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(100);  // between two looks at a disk that leaves

bool has_disk(const DomainView& view, const FoundVolume& volume) {
  return std::any_of(view.disks.begin(), view.disks.end(), [&](const DiskView& disk) {
    return disk.pool == volume.pool && disk.volume == volume.name;
  });
}

/// Whether a domain has the disk, now or at its next start.
/// One that was given up never runs again.
std::function<bool(const Reading&)> holds(const Endpoint& endpoint, const FoundVolume& volume) {
  return [&](const Reading& seen) {
    return (has_disk(seen.live, volume) || has_disk(seen.config, volume)) &&
           !is_given_up(seen, endpoint);
  };
}

Result<std::vector<Seen>> holders_of(virConnectPtr connection, const Endpoint& endpoint,
                                     const FoundVolume& volume) {
  return domains_where(connection, endpoint, holds(endpoint, volume));
}

// Attached is what a guest has, and what one that is off will have. A disk that stands in the next
// start's definition alone is neither: attaching goes on where it broke off.
std::vector<std::string> attached_to(const std::vector<Seen>& holders, const Endpoint& endpoint,
                                     const FoundVolume& volume) {
  std::vector<std::string> uids;
  for (const auto& seen : holders) {
    if (has_disk(seen.live, volume)) uids.push_back(uid_of(seen, endpoint));
  }
  std::sort(uids.begin(), uids.end());
  return uids;
}

Result<FoundVolume> require(virConnectPtr connection, const Endpoint& endpoint,
                            const std::string& uid) {
  CHARTER_TRY_ASSIGN(auto found, find_data_volume(connection, endpoint, uid));
  if (!found) return Error{Code::NotFound, "there is no volume " + uid};
  return *std::move(found);
}

Result<int64_t> capacity_of(virConnectPtr connection, const FoundVolume& volume) {
  CHARTER_TRY_ASSIGN(const Volume handle, require_volume(connection, volume.pool, volume.name));
  CHARTER_TRY_ASSIGN(const VolumeSize size, size_of(handle));
  return size.capacity;
}

// Every QEMU that has it must be told, or its guest would not see the new size. The first makes it
// larger; for the others nothing changes but that.
Status grow_running(const Seen& seen, const FoundVolume& volume, int64_t bytes) {
  for (const auto& disk : seen.live.disks) {
    if (disk.pool != volume.pool || disk.volume != volume.name) continue;
    if (virDomainBlockResize(seen.domain.get(), disk.target.c_str(),
                             static_cast<unsigned long long>(bytes),
                             VIR_DOMAIN_BLOCK_RESIZE_BYTES) != 0)
      return last_error("growing the volume");
  }
  return {};
}

Status grow_idle(virConnectPtr connection, const FoundVolume& volume, int64_t bytes) {
  CHARTER_TRY_ASSIGN(const Volume handle, require_volume(connection, volume.pool, volume.name));
  if (virStorageVolResize(handle.get(), static_cast<unsigned long long>(bytes), 0) == 0) return {};
  if (last_was_unsupported()) return Error{Code::Invalid, "this host cannot grow volumes"};
  return last_error("growing the volume");
}

Status grow_disk(virConnectPtr connection, const std::vector<Seen>& holders,
                 const FoundVolume& volume, int64_t bytes) {
  bool running = false;
  for (const auto& seen : holders) {
    if (!seen.active) continue;
    CHARTER_TRY(grow_running(seen, volume, bytes));
    running = true;
  }
  return running ? Status() : grow_idle(connection, volume, bytes);
}

bool still_has(const Domain& domain, const FoundVolume& volume) {
  char* text = virDomainGetXMLDesc(domain.get(), 0);
  if (text == nullptr) return false;
  const auto xml = DomainXml::parse(take_text(text));
  return xml && has_disk(xml->view(), volume);
}

// Success of the call proves nothing: a guest that does not let go keeps the disk. Only the running
// definition says when it is gone.
Status detach_running(const Seen& seen, const FoundVolume& volume) {
  if (!seen.active || !has_disk(seen.live, volume)) return {};
  DiskPlan disk{.pool = volume.pool, .volume = volume.name, .format = volume.mark.format};
  for (const auto& have : seen.live.disks) {
    if (have.pool == volume.pool && have.volume == volume.name) disk.target = have.target;
  }
  note_leaving(seen.domain.get(), seen.live, disk.target);
  if (virDomainDetachDeviceFlags(seen.domain.get(), disk_element(disk).c_str(),
                                 VIR_DOMAIN_AFFECT_LIVE) != 0)
    return last_error("detaching the volume");
  for (Duration waited{}; waited < limits::kDetachPatience; waited += kGlance) {
    if (!still_has(seen.domain, volume)) return {};
    std::this_thread::sleep_for(kGlance);
  }
  return Error{Code::Conflict, "the guest of machine " + seen.config.uuid +
                                   " does not let go of the disk; unmount it there, or stop it"};
}

Status detach_from(virConnectPtr connection, const Seen& seen, const FoundVolume& volume) {
  CHARTER_TRY(detach_running(seen, volume));
  if (!seen.persistent) return {};
  CHARTER_TRY_ASSIGN(DomainXml config, config_of(seen.domain));
  if (!config.remove_disk(volume.pool, volume.name)) return {};
  return define(connection, config.text(), "detaching the volume");
}

/// Disks that several QEMUs write must be whole blocks of the file system below.
int64_t whole_blocks(int64_t bytes) {
  return (bytes + kSizeRounding - 1) / kSizeRounding * kSizeRounding;
}

VolumeMark mark_of(const VolumeSpec& spec, const Endpoint& endpoint) {
  return {.owner = endpoint.owner,
          .uid = spec.uid,
          .shared = spec.shared,
          .protection = spec.protection,
          .storage_class = spec.storage_class,
          .format = spec.shared ? "raw" : "qcow2"};
}

Status check_free(const Endpoint& endpoint, const FoundVolume& volume,
                  const std::vector<Seen>& holders, const std::string& machine_uid) {
  if (volume.mark.shared) return {};
  for (const auto& seen : holders) {
    const std::string uid = uid_of(seen, endpoint);
    if (uid == machine_uid) continue;
    return Error{Code::Conflict, "volume " + volume.mark.uid + " is attached to machine " + uid +
                                     " and is not shared"};
  }
  return {};
}

DiskPlan disk_of(const FoundVolume& volume) {
  return {.pool = volume.pool,
          .volume = volume.name,
          .format = volume.mark.format,
          .serial = serial_of(volume.mark.uid),
          .shared = volume.mark.shared};
}

}  // namespace

Result<std::optional<FoundVolume>> find_data_volume(virConnectPtr connection,
                                                    const Endpoint& endpoint,
                                                    const std::string& uid) {
  if (!is_uid(uid)) return std::optional<FoundVolume>();
  const std::string prefix = volume_prefix(endpoint.owner, uid);
  for (const auto& pool : endpoint.settings.pools) {
    CHARTER_TRY_ASSIGN(const auto names, volume_names(connection, pool.name));
    for (const auto& name : names) {
      if (!name.starts_with(prefix)) continue;
      if (auto mark = read_volume_name(name))
        return std::optional(FoundVolume{pool.name, name, *std::move(mark)});
    }
  }
  return std::optional<FoundVolume>();
}

Status check_spec(const VolumeSpec& spec, const Settings& settings) {
  if (!is_uid(spec.uid)) return Error{Code::Invalid, "uid: must be a UUID"};
  if (spec.size_bytes < 1) return Error{Code::Invalid, "size: must be positive"};
  return check_possible(spec.protection, settings.can);
}

Result<std::optional<VolumeState>> observe_volume(virConnectPtr connection,
                                                  const Endpoint& endpoint,
                                                  const std::string& uid) {
  CHARTER_TRY_ASSIGN(const auto found, find_data_volume(connection, endpoint, uid));
  if (!found) return std::optional<VolumeState>();
  CHARTER_TRY_ASSIGN(const int64_t bytes, capacity_of(connection, *found));
  CHARTER_TRY_ASSIGN(const auto holders, holders_of(connection, endpoint, *found));
  return std::optional(VolumeState{.uid = uid,
                                   .external_id = found->pool + "/" + uid,
                                   .host = endpoint.host,
                                   .size_bytes = bytes,
                                   .storage_class = found->mark.storage_class,
                                   .protection = found->mark.protection,
                                   .attached_to = attached_to(holders, endpoint, *found)});
}

Status create_volume(virConnectPtr connection, const Endpoint& endpoint, const VolumeSpec& spec) {
  const VolumeMark mark = mark_of(spec, endpoint);
  CHARTER_TRY_ASSIGN(const auto present, find_data_volume(connection, endpoint, spec.uid));
  if (present) {
    CHARTER_TRY_ASSIGN(const int64_t bytes, capacity_of(connection, *present));
    if (present->mark == mark && bytes == whole_blocks(spec.size_bytes)) return {};
    return Error{Code::Conflict, "volume " + spec.uid + " exists with another specification"};
  }
  CHARTER_TRY_ASSIGN(const std::string pool, pool_for(endpoint.settings, spec.storage_class));
  CHARTER_TRY_ASSIGN(const std::string name, volume_name(mark));
  return make_volume(connection, pool,
                     {.name = name, .format = mark.format, .bytes = whole_blocks(spec.size_bytes)});
}

Status grow_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                   int64_t size_bytes) {
  CHARTER_TRY_ASSIGN(const FoundVolume volume, require(connection, endpoint, uid));
  CHARTER_TRY_ASSIGN(const int64_t now, capacity_of(connection, volume));
  const int64_t wanted = whole_blocks(size_bytes);
  if (wanted < now) {
    return Error{Code::Invalid, "size: " + format_size(size_bytes) + " is smaller than " +
                                    format_size(now) + "; a volume only grows"};
  }
  if (size_bytes == now) return {};
  if (size_bytes % limits::kSectorBytes != 0)
    return Error{Code::Invalid,
                 "size: must be a multiple of " + std::to_string(limits::kSectorBytes) + " bytes"};
  CHARTER_TRY_ASSIGN(const auto holders, holders_of(connection, endpoint, volume));
  const Status grown = grow_disk(connection, holders, volume, wanted);
  endpoint.sizes->doubt(volume.pool + "/" + volume.name);
  return grown;
}

Result<DiskPlan> disk_for_attach(virConnectPtr connection, const Endpoint& endpoint,
                                 const std::string& uid, const std::string& machine_uid) {
  CHARTER_TRY_ASSIGN(const FoundVolume volume, require(connection, endpoint, uid));
  CHARTER_TRY_ASSIGN(const auto holders, holders_of(connection, endpoint, volume));
  CHARTER_TRY(check_free(endpoint, volume, holders, machine_uid));
  return disk_of(volume);
}

Status attach_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     const std::string& machine_uid) {
  CHARTER_TRY_ASSIGN(const FoundVolume volume, require(connection, endpoint, uid));
  CHARTER_TRY_ASSIGN(const Seen seen, find_ours(connection, endpoint, machine_uid));
  CHARTER_TRY_ASSIGN(const auto holders, holders_of(connection, endpoint, volume));
  CHARTER_TRY(check_free(endpoint, volume, holders, machine_uid));
  // The running one first: where that is not possible, nothing is left for the next start to find.
  DiskPlan disk = disk_of(volume);
  CHARTER_TRY_ASSIGN(DomainXml config, config_of(seen.domain));
  const bool noted = has_disk(seen.config, volume);
  if (noted) {
    for (const auto& have : seen.config.disks) {
      if (have.volume == volume.name) disk.target = have.target;
    }
  } else {
    CHARTER_TRY_ASSIGN(disk.target, config.add_disk(disk));
  }
  const bool plugs = seen.active && !has_disk(seen.live, volume);
  if (plugs) settle_left(seen.domain.get(), seen.live);
  if (plugs && virDomainAttachDeviceFlags(seen.domain.get(), disk_element(disk).c_str(),
                                          VIR_DOMAIN_AFFECT_LIVE) != 0)
    return last_error("attaching the volume while the machine runs");
  if (noted || !seen.persistent) return {};
  return define(connection, config.text(), "attaching the volume");
}

Status detach_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid,
                     const std::string& machine_uid) {
  CHARTER_TRY_ASSIGN(const auto volume, find_data_volume(connection, endpoint, uid));
  if (!volume || !is_uid(machine_uid)) return {};
  CHARTER_TRY_ASSIGN(const auto there, find_seen(connection, endpoint, machine_uid));
  if (!there) return {};
  const Seen& seen = *there;
  if (!has_disk(seen.live, *volume) && !has_disk(seen.config, *volume)) return {};
  if (!is_ours(seen.config, endpoint)) return not_ours("machine", machine_uid);
  return detach_from(connection, seen, *volume);
}

Status remove_volume(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid) {
  CHARTER_TRY_ASSIGN(const auto volume, find_data_volume(connection, endpoint, uid));
  if (!volume) return {};
  CHARTER_TRY_ASSIGN(const auto holders,
                     domains_where_for_sure(connection, endpoint, holds(endpoint, *volume)));
  if (!holders.empty()) {
    return Error{Code::Conflict,
                 "volume " + uid + " is attached to machine " + holders.front().config.uuid};
  }
  return delete_volume(connection, volume->pool, volume->name, endpoint.settings.wipe);
}

}  // namespace charter::libvirt
