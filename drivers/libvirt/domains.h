#pragma once

#include "drivers/libvirt/domain_xml.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/libvirt/reading.h"
#include "drivers/machine_driver.h"

#include <optional>
#include <string>
#include <vector>

// Domains as they are: looked up, read, and said in the words of the port.
namespace charter::libvirt {

/// One domain, looked at once, with the handle that it was looked at by.
struct Seen : Reading {
  Domain domain;
};

/// The domain of this machine or what stands in for it, ours or not; nothing when there is none for
/// sure.
Result<std::optional<Seen>> find_seen(virConnectPtr connection, const Endpoint& endpoint,
                                      const std::string& uid);
/// What runs, read alone. Errors: NotFound when it does not exist any more.
Result<DomainView> live_view(virDomainPtr domain);
/// Reads it. Errors: NotFound when it vanishes meanwhile.
Result<Seen> look_at(Domain domain);

/// True when its stamp says that the Provider of this endpoint made it for the object with its
/// UUID.
bool is_ours(const DomainView& view, const Endpoint& endpoint);
/// True for one of ours that is no machine any more.
bool is_given_up(const Reading& seen, const Endpoint& endpoint);
/// UID of its machine, when it is ours; else its UUID.
std::string uid_of(const Reading& seen, const Endpoint& endpoint);
/// Looks up and reads one that is ours. Errors: NotFound, Forbidden for somebody else's.
Result<Seen> find_ours(virConnectPtr connection, const Endpoint& endpoint, const std::string& uid);
Error not_ours(const std::string& kind, const std::string& uid);

/// Power as the port says it. A shutdown counts as on its way until it is time to ask again.
PowerState power_of(const Reading& seen, Instant now);
/// True while it takes up memory: running, paused, on its way up or down.
bool runs(PowerState power);

/// Undefines it with all that libvirt keeps beside a definition. One that is gone is success.
Status undefine(const Domain& domain);

/// The definition for the next start, as a tree to be changed.
Result<DomainXml> config_of(const Domain& domain);
/// Defines it anew. Errors: Conflict when a domain of another UUID has its name.
Status define(virConnectPtr connection, const std::string& xml, const std::string& doing);

/// UIDs of the data volumes of this endpoint among a domain's disks, in the order of their letters.
std::vector<std::string> volume_uids_of(const DomainView& view, const Endpoint& endpoint);

/// Everything about a machine of ours but its boot disk's state.
MachineState state_of(const Reading& seen, const Endpoint& endpoint, Instant now);

}  // namespace charter::libvirt
