#include "drivers/simulated/sim_volumes.h"

#include "drivers/size.h"

#include <algorithm>
#include <utility>

namespace charter {
namespace {

Result<SimVolume> find_ours(SimRows& rows, const std::string& uid) {
  std::optional<SimVolume> volume = rows.volume(uid);
  if (!volume) return Error{Code::NotFound, "there is no volume " + uid};
  if (!is_ours(*volume)) return not_ours("volume", uid);
  return *std::move(volume);
}

}  // namespace

VolumeState state_of(const SimVolume& volume, std::vector<std::string> machine_uids) {
  return {.uid = volume.uid,
          .external_id = "vol-" + std::to_string(volume.id),
          .host = volume.host,
          .size_bytes = volume.size_bytes,
          .storage_class = volume.storage_class,
          .protection = volume.protection,
          .attached_to = std::move(machine_uids)};
}

Result<SimEffect> create_volume(SimRows& rows, const VolumeSpec& spec) {
  if (spec.uid.empty()) return Error{Code::Invalid, "uid: required value"};
  if (spec.size_bytes < 1) return Error{Code::Invalid, "size: must be positive"};
  if (const std::optional<SimVolume> present = rows.volume(spec.uid)) {
    if (!is_ours(*present)) return not_ours("volume", spec.uid);
    const bool same = present->size_bytes == spec.size_bytes && present->shared == spec.shared &&
                      present->storage_class == spec.storage_class && present->name == spec.name &&
                      present->protection == spec.protection;
    if (same) return SimEffect::Nothing;
    return Error{Code::Conflict, "volume " + spec.uid + " exists with another specification"};
  }
  CHARTER_TRY_ASSIGN(const std::string host, place_volume(rows, spec.size_bytes));
  rows.insert(SimVolume{.uid = spec.uid,
                        .owner = spec.uid,
                        .name = spec.name,
                        .host = host,
                        .size_bytes = spec.size_bytes,
                        .storage_class = spec.storage_class,
                        .shared = spec.shared,
                        .protection = spec.protection});
  return SimEffect::Created;
}

Status grow_volume(SimRows& rows, const std::string& uid, int64_t size_bytes) {
  CHARTER_TRY_ASSIGN(SimVolume volume, find_ours(rows, uid));
  if (size_bytes < volume.size_bytes) {
    return Error{Code::Invalid, "size: " + format_size(size_bytes) + " is smaller than " +
                                    format_size(volume.size_bytes) + "; a volume only grows"};
  }
  const std::optional<SimHost> host = rows.host(volume.host);
  if (!host || !host->up)
    return Error{Code::ServiceUnavailable, "host " + volume.host + " is down"};
  const int64_t more = size_bytes - volume.size_bytes;
  if (more > host->free().storage_bytes) {
    return Error{Code::TooManyRequests,
                 "asked " + format_size(more) + " more storage: host " + host->name + " has " +
                     format_size(host->free().storage_bytes) + " free",
                 "WaitForCapacity"};
  }
  volume.size_bytes = size_bytes;
  rows.update(volume);
  return {};
}

Status attach(SimRows& rows, const std::string& volume_uid, const std::string& machine_uid) {
  CHARTER_TRY_ASSIGN(const SimVolume volume, find_ours(rows, volume_uid));
  const std::optional<SimMachine> machine = rows.machine(machine_uid);
  if (!machine) return Error{Code::NotFound, "there is no machine " + machine_uid};
  if (!is_ours(*machine)) return not_ours("machine", machine_uid);
  const std::vector<std::string> holders = rows.machines_of(volume_uid);
  if (std::find(holders.begin(), holders.end(), machine_uid) != holders.end()) return {};
  if (!holders.empty() && !volume.shared) {
    return Error{Code::Conflict, "volume " + volume_uid + " is attached to machine " +
                                     holders.front() + " and is not shared"};
  }
  rows.link(machine_uid, volume_uid);
  return {};
}

Status detach(SimRows& rows, const std::string& volume_uid, const std::string& machine_uid) {
  const std::optional<SimVolume> volume = rows.volume(volume_uid);
  if (volume && !is_ours(*volume)) return not_ours("volume", volume_uid);
  rows.unlink(machine_uid, volume_uid);
  return {};
}

Result<SimEffect> remove_volume(SimRows& rows, const std::string& uid) {
  const std::optional<SimVolume> volume = rows.volume(uid);
  if (!volume) return SimEffect::Nothing;
  if (!is_ours(*volume)) return not_ours("volume", uid);
  const std::vector<std::string> holders = rows.machines_of(uid);
  if (!holders.empty()) {
    return Error{Code::Conflict, "volume " + uid + " is attached to machine " + holders.front()};
  }
  rows.erase_volume(volume->id);
  return SimEffect::Removed;
}

}  // namespace charter
