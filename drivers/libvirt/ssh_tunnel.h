#pragma once

#include "controller/base/memory_file.h"
#include "controller/base/result.h"
#include "controller/base/scratch_folder.h"
#include "drivers/libvirt/address.h"

#include <string>
#include <sys/types.h>

namespace charter::libvirt {

/// How libvirt gets to a daemon over SSH: a process of OpenSSH's ssh, which runs virt-ssh-helper on
/// the host, or a netcat where there is none, behind a socket of this machine that libvirt connects
/// to once. ssh has the key and the known hosts of the address from memory, and nothing of this
/// user's own: no configuration, no agent, no known hosts. (The ssh that libvirt itself would start
/// cannot be told so, and its transports in this process, libssh and libssh2, leave an event source
/// of a function that has returned in libvirt 9.0.0: the next reply ends the process.)
///
/// ssh ends when libvirt closes the socket, or when the host does not answer for a minute.
///
/// One thread.
class SshTunnel {
 public:
  explicit SshTunnel(const Address& address);
  /// Ends ssh, unless it was released.
  ~SshTunnel();
  SshTunnel(const SshTunnel&) = delete;
  SshTunnel& operator=(const SshTunnel&) = delete;

  /// Starts ssh, which waits for libvirt to connect. Errors: ServiceUnavailable.
  Status start();
  /// What libvirt is to open.
  std::string uri() const;
  /// The connection stands: ssh lives as long as it does.
  void release();
  /// Why libvirt could not open it: ServiceUnavailable, with a reason of drivers/credentials.h
  /// where nobody can log in. Ends ssh.
  Error explain();

 private:
  void end();
  std::string said() const;

  const std::string uri_;
  const SshPlace place_;
  const MemoryFile key_, hosts_;
  const ScratchFolder folder_;  ///< with the socket
  int errors_ = -1;             ///< memory that ssh writes its errors to
  pid_t process_ = -1;
};

}  // namespace charter::libvirt
