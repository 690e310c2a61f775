#pragma once

#include "drivers/libvirt/endpoint.h"
#include "drivers/libvirt/handle.h"

#include <string>

// Networks that the settings ask to be made. libvirt keeps no metadata of a network, so its UUID is
// the owner's mark: it follows from Provider and name. One of that name with another UUID is
// somebody else's, and is never joined by a mode that makes networks.
namespace charter::libvirt {

/// UUID of the network that this Provider makes by this name.
std::string network_uuid(const std::string& provider_uid, const std::string& name);
/// Its definition.
std::string network_xml(const std::string& provider_uid, const NetworkMapping& mapping);

/// Makes what is missing, and starts it. Errors: ServiceUnavailable, naming the network; Forbidden
/// when it is somebody else's.
Status ensure_networks(virConnectPtr connection, const Settings& settings);

}  // namespace charter::libvirt
