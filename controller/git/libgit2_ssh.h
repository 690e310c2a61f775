#pragma once

#include <git2/transport.h>

// How libgit2 speaks SSH in this program: through a process of OpenSSH's ssh, with a key and known
// hosts of the call (Wire::current) and nothing of this user's own: no configuration, no agent, no
// known hosts. libssh2, which the library would use, offers RSA keys only in a way that today's
// servers refuse, and waits without a deadline.
namespace charter {

/// A git_transport_cb for git_remote_callbacks::transport. The address of the remote is not looked
/// at: it is Wire::url's.
int make_ssh_transport(git_transport** made, git_remote* owner, void* payload);

}  // namespace charter
