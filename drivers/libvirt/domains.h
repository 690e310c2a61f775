#pragma once

#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/machine_driver.h"

#include <optional>
#include <string>
#include <vector>

// Domains as they are: looked up, read, and said in the words of the port.
namespace charter::libvirt {

/// One domain, looked at once.
struct Seen {
  Domain domain;
  int state = 0, reason = 0;  ///< virDomainState and its reason
  bool active = false;
  bool persistent = false;  ///< a running one that somebody undefined is not
  DomainView config;        ///< what the next start uses
  DomainView live;          ///< what runs; equals config when nothing does
};

/// The domain with this UUID, or nothing when there is none for sure.
Result<Domain> find_domain(virConnectPtr connection, const std::string& uid);
/// Reads it. Errors: NotFound when it vanishes meanwhile.
Result<Seen> look_at(Domain domain);
/// Every domain of the host, ours or not.
Result<std::vector<Domain>> all_domains(virConnectPtr connection);

/// True when its stamp says that the Provider of this endpoint made it for the object with its
/// UUID.
bool is_ours(const DomainView& view, const Endpoint& endpoint);
/// Looks up and reads one that is ours. Errors: NotFound, Forbidden for somebody else's.
Result<Seen> find_ours(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid);
Error not_ours(const std::string& kind, const std::string& uid);

/// Power as the port says it. A shutdown counts as on its way until it is time to ask again.
PowerState power_of(const Seen& seen, Instant now);
/// True while it takes up memory: running, paused, on its way up or down.
bool runs(PowerState power);

/// The definition for the next start, as a tree to be changed.
Result<DomainXml> config_of(const Domain& domain);
/// Defines it anew. Errors: Conflict when a domain of another UUID has its name.
Status define(virConnectPtr connection, const std::string& xml, const std::string& doing);

/// UIDs of the data volumes of this endpoint among a domain's disks, in the order of their letters.
std::vector<std::string> volume_uids_of(const DomainView& view, const Endpoint& endpoint);

/// Everything about a machine of ours but its boot disk's state.
MachineState state_of(const Seen& seen, const Endpoint& endpoint, Instant now);

}  // namespace charter::libvirt
