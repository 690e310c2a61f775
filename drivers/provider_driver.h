#pragma once

#include "controller/base/clock.h"
#include "drivers/credentials.h"
#include "drivers/machine_driver.h"
#include "drivers/volume_driver.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// A connection to one Provider: its machines, its volumes and a bulk look at everything. Drivers
// are made by name from a factory table that the composition root fills; reconcilers hold them
// through `DriverPool`.
namespace charter {

/// Capacity in absolute numbers.
struct Capacity {
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
  int64_t storage_bytes = 0;
  bool operator==(const Capacity&) const = default;
};

/// Result of one bulk look.
struct Inventory {
  std::string version;                 ///< driver and hypervisor version, for people
  std::vector<MachineState> machines;  ///< all that carry our stamp, sorted by uid
  std::vector<VolumeState> volumes;
  std::vector<std::string> foreign;  ///< names of things without our stamp; never touched
  struct Host {
    std::string name;
    Capacity total, free;
    std::string state = "Up";  ///< for people: "Up", "Down", "Draining"
    bool operator==(const Host&) const = default;
  };
  std::vector<Host> hosts;
};

/// What a machine has consumed, as its host counts it. Each value only grows within an epoch and
/// starts at zero in another; what the host does not count is unset.
struct MachineCounters {
  std::string uid;
  /// Names the run that the values count from, such as a boot. Another text: they began at zero
  /// again, however large they are. Empty: the host names none, and only a value that became
  /// smaller says that it began again.
  std::string epoch;
  std::optional<int64_t> cpu_ns;  ///< processor time used, summed over the virtual processors
  std::optional<int64_t> page_faults;
  std::optional<int64_t> read_bytes, written_bytes;   ///< of all its disks
  std::optional<int64_t> received_bytes, sent_bytes;  ///< of all its networks
  bool operator==(const MachineCounters&) const = default;
};

/// One open endpoint. Thread contract as machine_driver.h.
class ProviderDriver : public MachineDriver, public VolumeDriver {
 public:
  /// One bulk call for the whole endpoint.
  virtual Result<Inventory> look() = 0;
  /// Consumption of all machines that carry our stamp, sorted by uid: one bulk call for the whole
  /// endpoint. MUST list what runs, unless its host cannot be asked now; MAY list what does not run
  /// any more, with its last values. MUST NOT give a value that is not measured. Errors: as look;
  /// MethodNotAllowed with reason NotMetered where the endpoint counts nothing.
  virtual Result<std::vector<MachineCounters>> counters() = 0;
  /// Hints that these machine or volume uids changed; may be lost, never carries meaning. Called
  /// from any thread.
  using Hint = std::function<void(const std::string& uid)>;
  virtual void on_hint(Hint hint) = 0;
};

/// Settings of an endpoint, from the Provider's spec. `settings` is the driver's own section as
/// encoded JSON.
struct DriverSettings {
  std::string provider_uid;
  std::string provider_name;
  std::string driver;            ///< "simulated", "libvirt", "remote"
  std::string settings;          ///< JSON text of spec.<driver>
  Safeguards can;                ///< a driver refuses what goes beyond
  Credentials credentials = {};  ///< other ones: a new connection, and the old one is closed
  bool operator==(const DriverSettings&) const = default;
};

/// Opens an endpoint. Errors: Invalid with a field path when settings are wrong; ServiceUnavailable
/// when unreachable, or when logging in fails, with a reason of credentials.h.
using DriverFactory = std::function<Result<std::shared_ptr<ProviderDriver>>(const DriverSettings&)>;

/// Whether endpoints of a driver are logged in to by the Secret that their Provider names.
enum class Login { None, BySecret };

class CounterReadings;

/// Open endpoints by provider name. Thread-safe.
class DriverPool {
 public:
  DriverPool();
  void add_factory(const std::string& driver, DriverFactory factory, Login login = Login::None);
  /// True when there is a factory for this driver.
  bool knows(const std::string& driver);
  /// True when whoever opens an endpoint of this driver has to read the Provider's Secret.
  bool needs_secret(const std::string& driver);
  /// Opens on first use and when settings changed. Errors: the factory's, or Invalid for an unknown
  /// driver.
  Result<std::shared_ptr<ProviderDriver>> open(const DriverSettings& settings);
  /// The endpoint opened under this provider name, or ServiceUnavailable.
  Result<std::shared_ptr<ProviderDriver>> get(const std::string& provider_name);
  void close(const std::string& provider_name);
  /// Installed on every endpoint, open and future.
  void on_hint(ProviderDriver::Hint hint);
  /// What the endpoints' counters said last (counter_readings.h).
  CounterReadings& readings() { return *readings_; }

 private:
  struct Open {
    DriverSettings settings;
    std::shared_ptr<ProviderDriver> driver;
  };
  struct Factory {
    DriverFactory open;
    Login login;
  };
  std::mutex mutex_;
  std::map<std::string, Factory> factories_;
  std::map<std::string, Open> open_;
  ProviderDriver::Hint hint_;
  const std::shared_ptr<CounterReadings> readings_;
};

}  // namespace charter
