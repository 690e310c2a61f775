#pragma once

#include "controller/base/clock.h"
#include "drivers/simulated/sim_admin.h"
#include "drivers/simulated/sim_driver.h"
#include "tests/drivers/driver_contract.h"

#include <memory>
#include <string>

// A simulated endpoint for tests: manual clock, no blocking, world in memory or in a file of its
// own.
namespace charter {

constexpr int64_t kGiB = int64_t{1} << 30;

/// Two hosts, 16 vcpus, 64 GiB and 1 TiB each.
inline constexpr const char* kTwoHosts =
    R"({"hosts":[{"name":"h1","vcpus":16,"memory":"64Gi","storage":"1Ti"},)"
    R"({"name":"h2","vcpus":16,"memory":"64Gi","storage":"1Ti"}]})";

/// A directory that is removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The bench of the contract suite, with more hands for the simulated driver's own tests.
class SimBench final : public DriverBench {
 public:
  /// `directory` empty: world in memory. Settings must be valid.
  explicit SimBench(const std::string& settings = kTwoHosts, const std::string& directory = "");

  ProviderDriver& driver() override { return *driver_; }
  std::shared_ptr<ProviderDriver> reconnect() override { return open(settings_); }
  void settle() override { clock_.advance(std::chrono::minutes(1)); }
  void add_foreign(const std::string& name, const std::string& uid) override;
  void vanish(const std::string& uid) override;
  MachineSpec spec(const std::string& uid) override;

  /// Replaces the driver, as the pool does when the Provider was edited.
  void reconfigure(const std::string& settings) { driver_ = open(settings); }
  void reconfigure(const Safeguards& can) {
    can_ = can;
    driver_ = open(settings_);
  }
  SimAdmin admin();
  ManualClock& clock() { return clock_; }
  MachineState observed(const std::string& uid);

 private:
  std::shared_ptr<ProviderDriver> open(const std::string& settings);

  std::string settings_;
  Safeguards can_;
  ManualClock clock_{Instant(std::chrono::seconds(1'780'000'000))};
  SimWorlds worlds_;
  std::shared_ptr<ProviderDriver> driver_;
};

}  // namespace charter
