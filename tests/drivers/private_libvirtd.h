#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <sys/types.h>

// A libvirtd of the test's own, by tests/support/private_libvirtd.py, which says what it gives.
namespace charter {

/// Whose network cards and addresses the daemon sees.
enum class HostNetwork {
  Shared,  ///< the machine's
  Own,     ///< none but its own: what it makes and routes is seen by nobody else
};

/// Who can reach the daemon.
enum class HostAccess {
  Local,   ///< whoever opens its socket
  Remote,  ///< also clients over TLS and SSH, on loopback
};

/// Starts it, passes orders on, and ends it with all its guests and files.
class PrivateLibvirtd {
 public:
  explicit PrivateLibvirtd(HostNetwork network = HostNetwork::Shared,
                           HostAccess access = HostAccess::Local);
  ~PrivateLibvirtd();
  PrivateLibvirtd(const PrivateLibvirtd&) = delete;
  PrivateLibvirtd& operator=(const PrivateLibvirtd&) = delete;

  /// Empty when it runs; else why it cannot here.
  const std::string& absent() const { return absent_; }
  const std::string& uri() const { return uri_; }
  const std::string& pool() const { return pool_; }          ///< a directory for disks
  const std::string& consoles() const { return consoles_; }  ///< a directory for console logs
  const std::string& guest() const { return guest_; }        ///< a disk image that boots
  const std::string& writer() const { return writer_; }      ///< one that writes to its disk
  const std::string& kernel() const { return kernel_; }      ///< an image that boots a kernel
  const std::string& directory() const { return directory_; }

  const std::string& tls_uri() const { return tls_uri_; }
  const std::string& ssh_uri() const { return ssh_uri_; }
  /// A file beside the certificates ("ca.pem") or the keys for SSH ("known_host"), as
  /// tests/support/remote_access.py names them.
  std::string tls_file(const std::string& name) const;
  std::string ssh_file(const std::string& name) const;

  /// "kill", "stop", "cont", "start", "rekey": carried out when this returns.
  void order(const std::string& word);
  /// Whether it got any.
  bool was_ordered() const { return was_ordered_; }

 private:
  nlohmann::json read_line();

  std::string directory_, absent_, uri_, pool_, consoles_, guest_, writer_, kernel_, tls_uri_,
      ssh_uri_;
  pid_t pid_ = 0;
  int to_ = -1, from_ = -1;
  bool was_ordered_ = false;
};

}  // namespace charter
