#pragma once

#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"
#include "drivers/provider_driver.h"

#include <map>
#include <string>
#include <vector>

// The look at a whole host.
namespace charter::libvirt {

/// What a look has seen.
struct Sight {
  Inventory inventory;
  std::map<std::string, Capacity> used;  ///< by UID, others' running machines too: they take room
};

/// Looks once. `pools` are those of the settings, in their order. Errors: when any part could not
/// be looked at: half a list would be taken for all.
Result<Sight> look_around(virConnectPtr connection, const Endpoint& endpoint,
                          const std::vector<Pool>& pools);

/// What stays the same while the connection lives: names and versions.
Status identify(virConnectPtr connection, Endpoint& endpoint);

}  // namespace charter::libvirt
