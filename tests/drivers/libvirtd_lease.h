#pragma once

#include "tests/drivers/private_libvirtd.h"

#include <memory>

// Tests of one process take turns with one libvirtd: to start one, with its certificates and keys,
// takes longer than most tests.
namespace charter {

/// An empty libvirtd for one test. What the test leaves there is taken away when the lease ends; a
/// daemon that got orders, or whose test failed, is ended instead and is nobody's any more. One
/// thread.
class LibvirtdLease {
 public:
  LibvirtdLease(HostNetwork network, HostAccess access);
  ~LibvirtdLease();
  LibvirtdLease(const LibvirtdLease&) = delete;
  LibvirtdLease& operator=(const LibvirtdLease&) = delete;

  PrivateLibvirtd& operator*() const { return *daemon_; }
  PrivateLibvirtd* operator->() const { return daemon_.get(); }

 private:
  const HostNetwork network_;
  std::unique_ptr<PrivateLibvirtd> daemon_;
};

}  // namespace charter
