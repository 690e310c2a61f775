#pragma once

#include "drivers/libvirt/domains.h"
#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/libvirt/reading.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

// Every domain of a host, ours or not, for the price of two bulk calls: one gives the state of
// each, one the size of those that are off. What these and the events vouch for is taken from the
// endpoint's memory; the rest is read, two calls for each. Neither bulk call asks QEMU, so a guest
// that hangs holds up none of them.
namespace charter::libvirt {

/// One domain. Its handle belongs to the connection of the survey.
struct Surveyed {
  Domain domain;
  std::shared_ptr<const Reading> reading;
};

/// All of them, sorted by UUID. `again_max` that nothing puts in doubt are read as well, those
/// first that were not for longest.
Result<std::vector<Surveyed>> survey(virConnectPtr connection, const Endpoint& endpoint,
                                     size_t again_max);

/// Those that meet the condition, each read just now. Readings that are not in doubt are believed
/// about the others.
Result<std::vector<Seen>> domains_where(virConnectPtr connection, const Endpoint& endpoint,
                                        const std::function<bool(const Reading&)>& meets);
/// As domains_where, and believes nothing: reads every domain of the host. For what cannot be
/// undone.
Result<std::vector<Seen>> domains_where_for_sure(virConnectPtr connection, const Endpoint& endpoint,
                                                 const std::function<bool(const Reading&)>& meets);

}  // namespace charter::libvirt
