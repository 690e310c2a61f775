#include "drivers/libvirt/domains.h"

#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"
#include "drivers/libvirt/wedge.h"

#include <libvirt/virterror.h>

#include <algorithm>
#include <cstdlib>

namespace charter::libvirt {
namespace {

// What QEMU's user-mode network gives its only guest.
constexpr const char* kUserModeAddress = "10.0.2.15";

int64_t seconds_of(Instant at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

Result<DomainView> read_view(virDomainPtr domain, unsigned flags) {
  char* text = virDomainGetXMLDesc(domain, flags);
  if (text == nullptr) return last_error("reading the definition");
  CHARTER_TRY_ASSIGN(const DomainXml xml, DomainXml::parse(take_text(text)));
  return xml.view();
}

std::string leased_address(const Domain& domain) {
  virDomainInterfacePtr* interfaces = nullptr;
  const int count = virDomainInterfaceAddresses(domain.get(), &interfaces,
                                                VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, 0);
  std::string address;
  for (int i = 0; i < count; ++i) {
    for (unsigned j = 0; address.empty() && j < interfaces[i]->naddrs; ++j)
      address = interfaces[i]->addrs[j].addr;
    virDomainInterfaceFree(interfaces[i]);
  }
  std::free(interfaces);
  return address;
}

std::string address_of(const Domain& domain, const Reading& seen) {
  const auto& nics = seen.live.nics;
  if (!seen.live.started_s || nics.empty()) return "";
  if (nics.front().network.empty()) return kUserModeAddress;
  return seen.active ? leased_address(domain) : "";
}

Result<Domain> find_domain(virConnectPtr connection, const std::string& uuid) {
  if (uuid.empty()) return Domain();
  Domain domain(virDomainLookupByUUIDString(connection, uuid.c_str()));
  if (!domain && last_code() != VIR_ERR_NO_DOMAIN) return last_error("looking for the machine");
  return domain;
}

}  // namespace

Result<DomainView> live_view(virDomainPtr domain) {
  return read_view(domain, 0);
}

Result<Seen> look_at(Domain domain) {
  Seen seen;
  seen.domain = std::move(domain);
  if (virDomainGetState(seen.domain.get(), &seen.state, &seen.reason, 0) != 0)
    return last_error("asking for the machine's state");
  // What is shut off is neither active nor transient: no need to ask, which a look would do for
  // each.
  const bool off = seen.state == VIR_DOMAIN_SHUTOFF;
  const int active = off ? 0 : virDomainIsActive(seen.domain.get());
  const int persistent = off ? 1 : virDomainIsPersistent(seen.domain.get());
  // Not to know is no answer: half a reading would make a machine of ours somebody else's.
  if (active < 0 || persistent < 0) return last_error("asking for the machine's state");
  seen.active = active == 1;
  seen.persistent = persistent == 1;
  if (seen.active) {
    CHARTER_TRY_ASSIGN(seen.live, read_view(seen.domain.get(), 0));
  }
  if (seen.persistent) {
    CHARTER_TRY_ASSIGN(seen.config, read_view(seen.domain.get(), VIR_DOMAIN_XML_INACTIVE));
  } else {
    seen.config = seen.live;
  }
  if (!seen.active) seen.live = seen.config;
  seen.address = address_of(seen.domain, seen);
  return seen;
}

Result<std::optional<Seen>> find_seen(virConnectPtr connection, const Endpoint& endpoint,
                                      const std::string& uid) {
  CHARTER_TRY_ASSIGN(Domain domain, find_domain(connection, uid));
  if (domain) {
    CHARTER_TRY_ASSIGN(Seen seen, look_at(std::move(domain)));
    if (!is_given_up(seen, endpoint)) return std::optional(std::move(seen));
  }
  CHARTER_TRY_ASSIGN(Domain substitute, find_domain(connection, substitute_of(uid)));
  if (!substitute) return std::optional<Seen>();
  CHARTER_TRY_ASSIGN(Seen seen, look_at(std::move(substitute)));
  return std::optional(std::move(seen));
}

bool is_ours(const DomainView& view, const Endpoint& endpoint) {
  return view.stamp && view.stamp->uid == machine_of(view.uuid) &&
         view.stamp->provider == endpoint.settings.provider_uid;
}

bool is_given_up(const Reading& seen, const Endpoint& endpoint) {
  return is_ours(seen.config, endpoint) && seen.config.stamp->given_up;
}

std::string uid_of(const Reading& seen, const Endpoint& endpoint) {
  return is_ours(seen.config, endpoint) ? seen.config.stamp->uid : seen.config.uuid;
}

Error not_ours(const std::string& kind, const std::string& uid) {
  return {Code::Forbidden, kind + " " + uid + " exists but was not made by us; it is left alone"};
}

Result<Seen> find_ours(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid) {
  CHARTER_TRY_ASSIGN(auto seen, find_seen(connection, endpoint, uid));
  if (!seen) return Error{Code::NotFound, "there is no machine " + uid};
  if (!is_ours(seen->config, endpoint)) return not_ours("machine", uid);
  return *std::move(seen);
}

PowerState power_of(const Reading& seen, Instant now) {
  switch (seen.state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED: {
      const auto& stop = seen.live.stop;
      const bool asked = stop && seconds_of(now) - stop->last_s < limits::kShutdownRepeat.count();
      return asked ? PowerState::Stopping : PowerState::On;
    }
    case VIR_DOMAIN_PAUSED:
      if (seen.reason != VIR_DOMAIN_PAUSED_STARTING_UP) return PowerState::Paused;
      return is_wedged(seen, now) ? PowerState::Crashed : PowerState::Starting;
    case VIR_DOMAIN_PMSUSPENDED:
      return PowerState::Paused;
    case VIR_DOMAIN_SHUTDOWN:
      return PowerState::Stopping;
    case VIR_DOMAIN_CRASHED:
      return PowerState::Crashed;
    default:
      return seen.reason == VIR_DOMAIN_SHUTOFF_CRASHED ? PowerState::Crashed : PowerState::Off;
  }
}

bool runs(PowerState power) {
  return power != PowerState::Off && power != PowerState::Crashed;
}

Status undefine(const Domain& domain) {
  // Not every hypervisor knows all of these; a flag that is not known is refused before anything is
  // done.
  constexpr unsigned kAll = VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
                            VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
                            VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | VIR_DOMAIN_UNDEFINE_NVRAM;
  constexpr unsigned kFew =
      VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
  if (virDomainUndefineFlags(domain.get(), kAll) == 0) return {};
  if (last_code() == VIR_ERR_NO_DOMAIN) return {};
  if (last_code() == VIR_ERR_INVALID_ARG && virDomainUndefineFlags(domain.get(), kFew) == 0)
    return {};
  return last_error("undefining the machine");
}

Result<DomainXml> config_of(const Domain& domain) {
  char* text = virDomainGetXMLDesc(domain.get(), VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
  if (text == nullptr) return last_error("reading the definition");
  return DomainXml::parse(take_text(text));
}

Status define(virConnectPtr connection, const std::string& xml, const std::string& doing) {
  const Domain defined(virDomainDefineXMLFlags(connection, xml.c_str(), 0));
  return defined ? Status() : last_error(doing);
}

std::vector<std::string> volume_uids_of(const DomainView& view, const Endpoint& endpoint) {
  std::vector<std::pair<std::string, std::string>> sorted;  // by target
  for (const auto& disk : view.disks) {
    const auto mark = read_volume_name(disk.volume);
    if (mark && mark->owner == endpoint.owner) sorted.emplace_back(disk.target, mark->uid);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> uids;
  for (auto& [target, uid] : sorted)
    uids.push_back(std::move(uid));
  return uids;
}

MachineState state_of(const Reading& seen, const Endpoint& endpoint, Instant now) {
  const bool ours = is_ours(seen.config, endpoint);
  const std::string uid = uid_of(seen, endpoint);
  MachineState state{.uid = uid,
                     .external_id = seen.config.uuid,
                     .host = endpoint.host,
                     .owner = ours ? uid : "",
                     .vcpus = seen.live.vcpus,
                     .memory_bytes = seen.live.memory_bytes,
                     .power = power_of(seen, now)};
  if (!ours) return state;
  const Stamp& stamp = *seen.config.stamp;
  if (seen.active && seen.config.vcpus != seen.live.vcpus) state.staged_vcpus = seen.config.vcpus;
  if (seen.active && seen.config.memory_bytes != seen.live.memory_bytes)
    state.staged_memory_bytes = seen.config.memory_bytes;
  state.disk_bytes = stamp.disk_bytes;
  state.image_deployed = stamp.complete;
  state.incomplete = !stamp.complete;
  state.address = seen.address;
  state.image_digest = stamp.image_digest;
  state.disk_class = stamp.disk_class;
  state.networks = stamp.networks;
  state.protection = stamp.protection;
  state.volume_uids = volume_uids_of(seen.live, endpoint);
  if (runs(state.power)) state.booted_at_s = seen.live.started_s.value_or(0);
  if (!runs(state.power)) state.power_since_s = endpoint.stops->since(state.uid);
  return state;
}

}  // namespace charter::libvirt
