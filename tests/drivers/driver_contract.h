#pragma once

#include "drivers/provider_driver.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

// What every ProviderDriver must do, as an abstract test suite: the tests stand in
// driver_contract_test.cc, a driver's own test file instantiates them with
// INSTANTIATE_TEST_SUITE_P(Name, DriverContract, ::testing::Values(...)).
namespace charter {

/// One endpoint under test, with the hands that a test needs on the world behind it.
class DriverBench {
 public:
  virtual ~DriverBench() = default;
  virtual ProviderDriver& driver() = 0;
  /// A second connection to the same endpoint, as after a restart of the controller.
  virtual std::shared_ptr<ProviderDriver> reconnect() = 0;
  /// Lets time pass until transitions that have begun are over.
  virtual void settle() = 0;
  /// Adds a running machine without our stamp which carries this uid; removing it is the bench's
  /// business.
  virtual void add_foreign(const std::string& name, const std::string& uid) = 0;
  /// Deletes a machine behind the driver's back.
  virtual void vanish(const std::string& uid) = 0;
  /// A spec that the endpoint can carry out; image and class are the bench's choice. Sizes are
  /// small, there is room for ten of them, and for one with twice the vcpus and memory. The
  /// endpoint can isolate by TenantNetwork, and neither by DedicatedHost nor encrypt at rest.
  virtual MachineSpec spec(const std::string& uid) = 0;
  /// False for an endpoint that has no way to make a volume larger, and says so.
  virtual bool grows_volumes() const { return true; }
  /// False for an endpoint that counts no consumption, and says so.
  virtual bool counts_consumption() const { return true; }
  /// Empty when the endpoint is there; else why this machine cannot have it.
  virtual std::string absent() const { return ""; }
};

/// Makes a fresh, empty endpoint.
using DriverBenchFactory = std::function<std::unique_ptr<DriverBench>()>;

/// The suite's fixture.
class DriverContract : public ::testing::TestWithParam<DriverBenchFactory> {
 protected:
  DriverContract() : bench_(GetParam()()) {}
  void SetUp() override {
    if (const auto why = bench_->absent(); !why.empty()) GTEST_SKIP() << why;
  }
  ProviderDriver& driver() { return bench_->driver(); }

  /// Creates, starts and settles one machine.
  void run_machine(const MachineSpec& spec);
  /// The machine, which must exist.
  MachineState observed(const std::string& uid);
  VolumeState observed_volume(const std::string& uid);
  /// What the machine has consumed, if it is listed.
  std::optional<MachineCounters> counted(const std::string& uid);
  /// Names of all machines in the inventory with this uid: at most one, ever.
  size_t count(const std::string& uid);

  const std::string a_ = "0f3c1c4e-53a1-4c8e-9d50-000000000001";
  const std::string b_ = "0f3c1c4e-53a1-4c8e-9d50-000000000002";
  const std::string disk_ = "0f3c1c4e-53a1-4c8e-9d50-0000000000d1";
  std::unique_ptr<DriverBench> bench_;
};

}  // namespace charter
