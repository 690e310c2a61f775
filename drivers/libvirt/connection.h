#pragma once

#include "controller/base/result.h"
#include "drivers/libvirt/address.h"
#include "drivers/libvirt/handle.h"

// Connections to a hypervisor. Credentials are wanted as paths of files: those are descriptors of
// memory, which are closed as soon as the connection stands. No byte of a secret reaches a disk,
// and nothing is left by a kill but a ScratchFolder with dangling links, or a socket. SSH:
// ssh_tunnel.h.
//
//   what libvirt says                             reason              who mends it
//   our certificate or key cannot be used         InvalidCredentials  the Secret
//   its certificate or host key is not trusted    HostNotTrusted      the Secret, or beware
//   it refuses our key                            CredentialsRefused  the host's authorized_keys
//   it ends the connection after our certificate  Denied              its tls_allowed_dn_list
//   a policy of the host refuses us               Denied              the host
//   anything else                                 -                   whoever runs the host
namespace charter::libvirt {

/// Opens a connection that notices when its peer is dead. Blocks for as long as the host makes it.
/// Errors: ServiceUnavailable, remote ones with the reasons above; Forbidden. Not logged.
Result<Connect> open_connection(const Address& address);

}  // namespace charter::libvirt
