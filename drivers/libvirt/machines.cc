#include "drivers/libvirt/machines.h"

#include "controller/base/log.h"
#include "drivers/fingerprint.h"
#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/images.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/seed.h"
#include "drivers/libvirt/storage.h"
#include "drivers/libvirt/volumes.h"
#include "drivers/libvirt/wedge.h"
#include "drivers/libvirt/xml_text.h"

#include <libvirt/virterror.h>

#include <algorithm>

namespace charter::libvirt {
namespace {

constexpr const char* kBootTarget = "vda";
constexpr const char* kSeedTarget = "vdz";

/// Makes one machine, step by step.
class Making {
 public:
  Making(virConnectPtr connection, Endpoint& endpoint, const MachineSpec& spec)
      : connection_(connection), endpoint_(endpoint), spec_(spec) {}

  Status make() {
    CHARTER_TRY_ASSIGN(const bool there, is_made());
    if (there) return {};
    CHARTER_TRY(plan_disks());
    CHARTER_TRY(plan_console());
    plan_networks();
    CHARTER_TRY(check_left_disk());
    CHARTER_TRY(define(connection_, build_domain(plan_), "defining the machine"));
    CHARTER_TRY(make_boot_disk());
    CHARTER_TRY(make_seed());
    plan_.stamp.complete = true;
    return define(connection_, build_domain(plan_), "completing the machine");
  }

 private:
  /// Looks for what is there under this identity. True when it is just what is asked for.
  Result<bool> is_made() {
    CHARTER_TRY_ASSIGN(const auto there, find_seen(connection_, endpoint_, spec_.uid));
    if (!there) {
      const Domain named(virDomainLookupByName(connection_, domain_name(spec_.uid).c_str()));
      if (!named && last_code() == VIR_ERR_NO_DOMAIN) return false;
      if (!named) return last_error("looking for the machine");
      return Error{Code::Forbidden, "a machine named " + domain_name(spec_.uid) +
                                        " exists but was not made by us; it is left alone"};
    }
    const Seen& seen = *there;
    if (!is_ours(seen.config, endpoint_)) return not_ours("machine", spec_.uid);
    const Stamp& stamp = *seen.config.stamp;
    interrupted_ = !stamp.complete;
    if (interrupted_) return false;
    const bool same = stamp.fingerprint == fingerprint_of(spec_) &&
                      seen.config.vcpus == spec_.vcpus &&
                      seen.config.memory_bytes == spec_.memory_bytes &&
                      volume_uids_of(seen.config, endpoint_) == spec_.volume_uids;
    if (!same)
      return Error{Code::Conflict, "machine " + spec_.uid + " exists with another specification"};
    CHARTER_TRY_ASSIGN(const Volume boot,
                       find_volume(connection_, stamp.boot_pool, stamp.boot_volume));
    return boot != nullptr;
  }

  Status plan_disks() {
    CHARTER_TRY_ASSIGN(const std::string pool, pool_for(endpoint_.settings, spec_.disk_class));
    if (!spec_.image_digest.empty()) {
      CHARTER_TRY_ASSIGN(image_, ensure_image(connection_, endpoint_, pool, spec_.image_digest,
                                              spec_.image_format));
      if (image_.virtual_bytes > spec_.disk_bytes) {
        return Error{Code::Invalid,
                     "bootDisk.size: " + std::to_string(spec_.disk_bytes) +
                         " bytes are less than the image's disk of " +
                         std::to_string(image_.virtual_bytes),
                     "Infeasible"};
      }
    }
    plan_.kernel = image_.kernel;
    plan_.type = endpoint_.type;
    plan_.title = spec_.name;
    plan_.vcpus = spec_.vcpus;
    plan_.make = endpoint_.settings.machine_class(spec_.machine_class);
    plan_.vcpus_max = whole_sockets(
        std::max(spec_.vcpus, std::min(2 * spec_.vcpus, limits::kVcpusHeadroomMax)), plan_.make);
    plan_.stamp = {.uid = spec_.uid,
                   .provider = endpoint_.settings.provider_uid,
                   .fingerprint = fingerprint_of(spec_),
                   .image_digest = spec_.image_digest,
                   .disk_class = spec_.disk_class,
                   .disk_bytes = spec_.disk_bytes,
                   .memory_bytes = spec_.memory_bytes,
                   .boot_pool = pool,
                   .boot_volume = boot_name(endpoint_.owner, spec_.uid),
                   .networks = spec_.networks,
                   .protection = spec_.protection};
    plan_.disks.push_back({.pool = pool,
                           .volume = plan_.stamp.boot_volume,
                           .format = "qcow2",
                           .target = kBootTarget,
                           .serial = "boot"});
    CHARTER_TRY(plan_volumes());
    if (!needs_seed(spec_)) return {};
    plan_.stamp.seed_volume = seed_name(endpoint_.owner, spec_.uid);
    plan_.disks.push_back({.pool = pool,
                           .volume = plan_.stamp.seed_volume,
                           .format = "raw",
                           .target = kSeedTarget,
                           .serial = "seed",
                           .read_only = true});
    return {};
  }

  Status plan_volumes() {
    char letter = 'b';
    for (const auto& uid : spec_.volume_uids) {
      CHARTER_TRY_ASSIGN(DiskPlan disk, disk_for_attach(connection_, endpoint_, uid, spec_.uid));
      disk.target = std::string("vd") + letter++;
      plan_.disks.push_back(std::move(disk));
    }
    return {};
  }

  Status plan_console() {
    const auto& name = endpoint_.settings.console_pool;
    if (name.empty()) return {};
    CHARTER_TRY_ASSIGN(const Pool pool, open_pool(connection_, name));
    const std::string directory = directory_of(pool);
    if (directory.empty())
      return Error{Code::ServiceUnavailable, "console pool " + name + " has no directory"};
    plan_.stamp.console_volume = console_name(endpoint_.owner, spec_.uid);
    plan_.console_log = directory + "/" + plan_.stamp.console_volume;
    return {};
  }

  void plan_networks() {
    for (const auto& name : spec_.networks) {
      plan_.nics.push_back({.mac = mac_of(spec_.uid, plan_.nics.size()),
                            .network = endpoint_.settings.network(name)->network});
    }
    // One that names no network is still to reach the world, and nobody is to reach it.
    if (plan_.nics.empty()) plan_.nics.push_back({.mac = mac_of(spec_.uid, 0), .network = ""});
  }

  // A boot disk without a domain was left by somebody who undefined it: its data is the tenant's.
  // One that began as the image that is asked for is kept; qemu-img notes what a clone began as
  // when all else is done, so a half-made one is never taken for it. Another is only ours to
  // replace where our own create broke off.
  Status check_left_disk() {
    const Stamp& stamp = plan_.stamp;
    CHARTER_TRY_ASSIGN(const Volume left,
                       find_volume(connection_, stamp.boot_pool, stamp.boot_volume));
    kept_ = left && keeps(left);
    if (!left || kept_ || interrupted_) return {};
    return Error{Code::Conflict,
                 "a boot disk of this machine is left that began as another image or size; delete "
                 "the machine, or the disk at the provider"};
  }

  Status make_boot_disk() {
    const Stamp& stamp = plan_.stamp;
    if (kept_) return {};
    CHARTER_TRY(
        delete_volume(connection_, stamp.boot_pool, stamp.boot_volume, endpoint_.settings.wipe));
    return make_volume(connection_, stamp.boot_pool,
                       {.name = stamp.boot_volume,
                        .format = "qcow2",
                        .bytes = stamp.disk_bytes,
                        .backing_path = image_.path,
                        .backing_format = image_.format});
  }

  bool keeps(const Volume& left) const {
    pugi::xml_document document;
    if (!parse_xml(take_text(virStorageVolGetXMLDesc(left.get(), 0)), document)) return false;
    const auto volume = document.child("volume");
    const std::string backing = volume.child("backingStore").child("path").text().as_string();
    return backing == image_.path &&
           volume.child("capacity").text().as_llong() == plan_.stamp.disk_bytes;
  }

  // Written anew each time: one that was interrupted is no seed.
  Status make_seed() {
    const Stamp& stamp = plan_.stamp;
    if (stamp.seed_volume.empty()) return {};
    CHARTER_TRY_ASSIGN(const std::string seed, build_seed(spec_, plan_.nics));
    const auto bytes = static_cast<int64_t>(seed.size());
    CHARTER_TRY(delete_volume(connection_, stamp.boot_pool, stamp.seed_volume, Wipe::Zero));
    CHARTER_TRY(make_volume(connection_, stamp.boot_pool,
                            {.name = stamp.seed_volume, .format = "raw", .bytes = bytes}));
    CHARTER_TRY_ASSIGN(const Volume volume,
                       require_volume(connection_, stamp.boot_pool, stamp.seed_volume));
    return upload_and_compare(connection_, volume, bytes, [&]() -> Result<Reader> {
      return Reader([&seed, sent = size_t{0}](size_t most) mutable -> Result<std::string> {
        std::string chunk = seed.substr(sent, most);
        sent += chunk.size();
        return chunk;
      });
    });
  }

  virConnectPtr connection_;
  Endpoint& endpoint_;
  const MachineSpec& spec_;
  DomainPlan plan_;
  GoldenImage image_;
  bool interrupted_ = false;  ///< an earlier create of ours broke off
  bool kept_ = false;         ///< the boot disk that is there is the right one
};

// The log is a file that the host made in the pool's directory: the pool learns of it by a refresh.
Status remove_console(virConnectPtr connection, const Endpoint& endpoint, const Stamp& stamp) {
  if (stamp.console_volume.empty() || endpoint.settings.console_pool.empty()) return {};
  const auto& name = endpoint.settings.console_pool;
  CHARTER_TRY_ASSIGN(const Pool pool, open_pool(connection, name));
  if (virStoragePoolRefresh(pool.get(), 0) != 0)
    return last_error("refreshing storage pool " + name);
  return delete_volume(connection, name, stamp.console_volume, Wipe::Discard);
}

/// Boot disks and seeds of this UID that no domain holds.
Result<std::vector<std::pair<std::string, std::string>>> leftovers(virConnectPtr connection,
                                                                   const Endpoint& endpoint,
                                                                   const std::string& uid) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const auto& pool : endpoint.settings.pools) {
    for (const auto& name : {boot_name(endpoint.owner, uid), seed_name(endpoint.owner, uid)}) {
      CHARTER_TRY_ASSIGN(const Volume volume, find_volume(connection, pool.name, name));
      if (volume) found.emplace_back(pool.name, name);
    }
  }
  return found;
}

}  // namespace

Status check_spec(const MachineSpec& spec, const Settings& settings) {
  if (!is_uid(spec.uid)) return Error{Code::Invalid, "uid: must be a UUID"};
  if (spec.vcpus < 1)
    return Error{Code::Invalid, "vcpus: " + std::to_string(spec.vcpus) + " is less than 1"};
  if (spec.memory_bytes < 1) return Error{Code::Invalid, "memory: must be positive"};
  if (spec.disk_bytes < 1 || spec.disk_bytes % limits::kSectorBytes != 0) {
    return Error{Code::Invalid, "bootDisk.size: must be a positive multiple of " +
                                    std::to_string(limits::kSectorBytes) + " bytes"};
  }
  if (!is_xml_text(spec.name)) return Error{Code::Invalid, "name: holds control characters"};
  CHARTER_TRY(check_possible(spec.protection, settings.can));
  for (const auto& name : spec.networks) {
    const auto* mapping = settings.network(name);
    if (mapping == nullptr) {
      return Error{Code::Invalid,
                   "networks: \"" + name + "\" is not in the provider's spec.libvirt.networks",
                   "Infeasible"};
    }
    const bool shared = mapping->mode != NetworkMode::User;
    if (shared && spec.protection.tenancy > Tenancy::SharedNetwork) {
      return Error{Code::Forbidden,
                   "network " + name + " is shared by all tenants: can't isolate by " +
                       std::string(tenancy_word(spec.protection.tenancy)),
                   "IsolationNotPossible"};
    }
  }
  return {};
}

Result<std::string> pool_for(const Settings& settings, const std::string& storage_class) {
  for (const auto& pool : settings.pools) {
    if (pool.takes(storage_class)) return pool.name;
  }
  return Error{Code::Invalid, "no storage pool of the provider has class \"" + storage_class + "\"",
               "Infeasible"};
}

Result<std::optional<MachineState>> observe_machine(virConnectPtr connection,
                                                    const Endpoint& endpoint,
                                                    const std::string& uid) {
  if (!is_uid(uid)) return std::optional<MachineState>();
  const Instant now = endpoint.clock->now();
  CHARTER_TRY_ASSIGN(const auto seen, find_seen(connection, endpoint, uid));
  if (seen) {
    MachineState state = state_of(*seen, endpoint, now);
    if (state.owner != uid || state.incomplete || runs(state.power)) return std::optional(state);
    const Stamp& stamp = *seen->config.stamp;
    CHARTER_TRY_ASSIGN(const Volume boot,
                       find_volume(connection, stamp.boot_pool, stamp.boot_volume));
    state.incomplete = boot == nullptr;
    return std::optional(std::move(state));
  }
  CHARTER_TRY_ASSIGN(const auto left, leftovers(connection, endpoint, uid));
  if (left.empty()) return std::optional<MachineState>();
  return std::optional(MachineState{
      .uid = uid, .external_id = uid, .host = endpoint.host, .owner = uid, .incomplete = true});
}

Status create_machine(virConnectPtr connection, Endpoint& endpoint, const MachineSpec& spec) {
  return Making(connection, endpoint, spec).make();
}

Status remove_machine(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid) {
  if (!is_uid(uid)) return {};
  CHARTER_TRY_ASSIGN(const auto there, find_seen(connection, endpoint, uid));
  const Wipe wipe = endpoint.settings.wipe;
  if (!there) {
    CHARTER_TRY_ASSIGN(const auto left, leftovers(connection, endpoint, uid));
    for (const auto& [pool, name] : left)
      CHARTER_TRY(delete_volume(connection, pool, name, wipe));
    return {};
  }
  const Seen& seen = *there;
  if (!is_ours(seen.config, endpoint)) return not_ours("machine", uid);
  const bool wedged = is_wedged(seen, endpoint.clock->now());
  if (seen.active && virDomainDestroy(seen.domain.get()) != 0) {
    const bool timed_out = last_code() == VIR_ERR_OPERATION_TIMEOUT;
    const Error error = last_error("stopping the machine");
    if (virDomainIsActive(seen.domain.get()) != 0 && !(wedged && timed_out)) return error;
  }
  const Stamp& stamp = *seen.config.stamp;
  CHARTER_TRY(delete_volume(connection, stamp.boot_pool, stamp.boot_volume, wipe));
  if (!stamp.seed_volume.empty())
    CHARTER_TRY(delete_volume(connection, stamp.boot_pool, stamp.seed_volume, Wipe::Zero));
  CHARTER_TRY(remove_console(connection, endpoint, stamp));
  // Last, because the definition is what the rest is found by.
  if (!seen.persistent) return {};
  return wedged && virDomainIsActive(seen.domain.get()) == 1 ? give_up(connection, seen)
                                                             : undefine(seen.domain);
}

}  // namespace charter::libvirt
