#pragma once

#include "controller/base/clock.h"
#include "drivers/provider_driver.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

// The last bulk reading of each endpoint's counters, so that one call serves all its machines. Held
// in memory only: what was read last is durable in the machines' own status. Thread-safe.
namespace charter {

/// One machine's counters and when they were read.
struct CounterReading {
  Instant at{};
  MachineCounters counters;
};

/// The readings by provider name.
class CounterReadings {
 public:
  /// Reads all of an endpoint's counters, unless they were read at `not_before` or later. One
  /// caller asks the endpoint, others wait for its answer. Errors: the driver's; what was read
  /// before stays.
  Status read(const std::string& provider_name, ProviderDriver& driver, const Clock& clock,
              Instant not_before);
  /// What was read last of one machine.
  std::optional<CounterReading> last(const std::string& provider_name, const std::string& uid);
  /// Whether the last reading was answered with NotMetered. Never waits for an endpoint.
  bool counts_nothing(const std::string& provider_name);
  void forget(const std::string& provider_name);

 private:
  struct Endpoint {
    std::mutex mutex;  ///< held while the endpoint is asked
    std::optional<Instant> at;
    std::unordered_map<std::string, MachineCounters> counters;
    std::atomic<bool> counts_nothing{false};
  };
  std::shared_ptr<Endpoint> endpoint(const std::string& provider_name);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Endpoint>> endpoints_;  ///< guarded by mutex_
};

}  // namespace charter
