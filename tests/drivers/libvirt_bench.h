#pragma once

#include "controller/base/clock.h"
#include "drivers/images/image_store.h"
#include "drivers/libvirt/handle.h"
#include "tests/drivers/driver_contract.h"
#include "tests/drivers/libvirtd_lease.h"

#include <memory>
#include <set>
#include <string>

// Endpoints of libvirt under the contract suite: its own test hypervisor, and a real one.
namespace charter {

/// How often a text holds a word.
size_t count_of(const std::string& text, const std::string& word);

/// How the driver under test reaches the daemon. The test's own hands use its socket.
enum class Way { Socket, Tls, Ssh };

/// What both have in common: a second connection for the test's own hands.
class LibvirtBench : public DriverBench {
 public:
  ProviderDriver& driver() override { return *driver_; }
  std::shared_ptr<ProviderDriver> reconnect() override { return open(); }
  void add_foreign(const std::string& name, const std::string& uid) override;
  void vanish(const std::string& uid) override;
  MachineSpec spec(const std::string& uid) override;

  virConnectPtr hands() { return hands_.get(); }
  std::string owner() const;
  /// UID of the Provider that the driver works for.
  std::string provider_uid() const;
  /// Settings of the Provider, to be changed by a test before it opens another driver.
  std::string settings;
  /// Values of its Secret; likewise.
  Credentials credentials;
  std::shared_ptr<ProviderDriver> open();
  /// As open, without the certainty that it works.
  Result<std::shared_ptr<ProviderDriver>> try_open();
  ImageStore& images() { return images_; }

 protected:
  explicit LibvirtBench(const std::string& image_directory) : images_(image_directory) {}
  void connect(const std::string& uri);

  SystemClock clock_;
  ImageStore images_;
  libvirt::Connect hands_;
  std::string domain_type_;
  std::string digest_;
  std::shared_ptr<ProviderDriver> driver_;
};

/// libvirt's hypervisor for tests: everything but guests and disks is real.
class TestHypervisorBench final : public LibvirtBench {
 public:
  TestHypervisorBench();
  void settle() override {}  // its transitions take no time
  MachineSpec spec(const std::string& uid) override;
  bool grows_volumes() const override { return false; }
  bool counts_consumption() const override { return false; }
};

/// A real libvirtd with real guests, without hardware virtualisation.
class RealHypervisorBench final : public LibvirtBench {
 public:
  explicit RealHypervisorBench(HostNetwork network = HostNetwork::Shared, Way way = Way::Socket);
  ~RealHypervisorBench() override { driver_.reset(); }
  std::string absent() const override { return (*lease_)->absent(); }
  void settle() override;
  PrivateLibvirtd& daemon() { return **lease_; }
  /// Connects the test's own hands anew, after the daemon was restarted.
  void reconnect_hands() { connect((*lease_)->uri()); }
  /// What the machine's guest wrote to its serial port.
  std::string console(const std::string& uid) const;

 private:
  RealHypervisorBench(std::unique_ptr<LibvirtdLease> lease, Way way);
  bool is_settled(const std::string& uid, std::set<std::string>& stopping);
  std::unique_ptr<LibvirtdLease> lease_;
};

}  // namespace charter
