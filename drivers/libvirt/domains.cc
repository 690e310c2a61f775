#include "drivers/libvirt/domains.h"

#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/names.h"

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

Result<DomainView> read_view(const Domain& domain, unsigned flags) {
  char* text = virDomainGetXMLDesc(domain.get(), flags);
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

std::string address_of(const Seen& seen) {
  const auto& nics = seen.live.nics;
  if (!seen.live.started_s || nics.empty()) return "";
  if (nics.front().network.empty()) return kUserModeAddress;
  return seen.active ? leased_address(seen.domain) : "";
}

}  // namespace

Result<Domain> find_domain(virConnectPtr connection, const std::string& uid) {
  Domain domain(virDomainLookupByUUIDString(connection, uid.c_str()));
  if (!domain && last_code() != VIR_ERR_NO_DOMAIN) return last_error("looking for the machine");
  return domain;
}

Result<Seen> look_at(Domain domain) {
  Seen seen;
  seen.domain = std::move(domain);
  if (virDomainGetState(seen.domain.get(), &seen.state, &seen.reason, 0) != 0)
    return last_error("asking for the machine's state");
  // What is shut off is neither active nor transient: no need to ask, which a look would do for
  // each.
  const bool off = seen.state == VIR_DOMAIN_SHUTOFF;
  seen.active = !off && virDomainIsActive(seen.domain.get()) == 1;
  seen.persistent = off || virDomainIsPersistent(seen.domain.get()) == 1;
  if (seen.active) {
    CHARTER_TRY_ASSIGN(seen.live, read_view(seen.domain, 0));
  }
  if (seen.persistent) {
    CHARTER_TRY_ASSIGN(seen.config, read_view(seen.domain, VIR_DOMAIN_XML_INACTIVE));
  } else {
    seen.config = seen.live;
  }
  if (!seen.active) seen.live = seen.config;
  return seen;
}

Result<std::vector<Domain>> all_domains(virConnectPtr connection) {
  virDomainPtr* listed = nullptr;
  const int count = virConnectListAllDomains(connection, &listed, 0);
  if (count < 0) return last_error("listing machines");
  std::vector<Domain> domains;
  for (int i = 0; i < count; ++i)
    domains.emplace_back(listed[i]);
  std::free(listed);
  return domains;
}

bool is_ours(const DomainView& view, const Endpoint& endpoint) {
  return view.stamp && view.stamp->uid == view.uuid &&
         view.stamp->provider == endpoint.settings.provider_uid;
}

Error not_ours(const std::string& kind, const std::string& uid) {
  return {Code::Forbidden, kind + " " + uid + " exists but was not made by us; it is left alone"};
}

Result<Seen> find_ours(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid) {
  CHARTER_TRY_ASSIGN(Domain domain, find_domain(connection, uid));
  if (!domain) return Error{Code::NotFound, "there is no machine " + uid};
  CHARTER_TRY_ASSIGN(Seen seen, look_at(std::move(domain)));
  if (!is_ours(seen.config, endpoint)) return not_ours("machine", uid);
  return seen;
}

PowerState power_of(const Seen& seen, Instant now) {
  switch (seen.state) {
    case VIR_DOMAIN_RUNNING:
    case VIR_DOMAIN_BLOCKED: {
      const auto& stop = seen.live.stop;
      const bool asked = stop && seconds_of(now) - stop->last_s < limits::kShutdownRepeat.count();
      return asked ? PowerState::Stopping : PowerState::On;
    }
    case VIR_DOMAIN_PAUSED:
      return seen.reason == VIR_DOMAIN_PAUSED_STARTING_UP ? PowerState::Starting
                                                          : PowerState::Paused;
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

MachineState state_of(const Seen& seen, const Endpoint& endpoint, Instant now) {
  const bool ours = is_ours(seen.config, endpoint);
  MachineState state{.uid = seen.config.uuid,
                     .external_id = seen.config.uuid,
                     .host = endpoint.host,
                     .owner = ours ? seen.config.uuid : "",
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
  state.address = address_of(seen);
  state.image_digest = stamp.image_digest;
  state.disk_class = stamp.disk_class;
  state.networks = stamp.networks;
  state.protection = stamp.protection;
  state.volume_uids = volume_uids_of(seen.live, endpoint);
  if (seen.active) state.booted_at_s = seen.live.started_s.value_or(0);
  return state;
}

}  // namespace charter::libvirt
