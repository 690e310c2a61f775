#pragma once

#include "controller/runtime/client.h"
#include "crds/types/machine.h"

#include <string>

// What a guest gets at its first boot, from the Secret that a Machine names. Read live and only for
// a create, so that it is kept in no cache; never logged, never part of a message.
namespace charter::machine {

/// Contents of the Secret.
struct CloudInit {
  std::string user_data;  ///< key user-data
  std::string ssh_key;    ///< key ssh-key: a public key; optional
};

/// Reads it; empty without spec.userDataSecretRef. Errors: reason ReferenceNotFound (no such Secret
/// or no user-data in it), InvalidReference (not base64), or the client's.
Result<CloudInit> read_cloud_init(Client& client, const Machine& machine);

}  // namespace charter::machine
