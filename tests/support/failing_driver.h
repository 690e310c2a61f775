#pragma once

#include "drivers/provider_driver.h"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

// A driver that fails one chosen call, for "the Nth call fails, for N = 1, 2, 3 …" tests, or whose
// calls hang until they are let go. What the simulated driver's own `failures` cannot say: any
// call, exactly once, counted over all methods.
namespace charter::test {

/// How the chosen call fails.
enum class CallFault {
  Refused,    ///< nothing was done, ServiceUnavailable
  LostReply,  ///< everything was done, Timeout
};

/// The plan of failure, shared by all drivers of a World and counted across restarts.
struct CallFaults {
  std::atomic<int64_t> calls{0};    ///< calls made so far
  std::atomic<int64_t> fail_at{0};  ///< number (from 1) of the call that fails; 0: none
  std::atomic<CallFault> fault{CallFault::Refused};
  std::atomic<bool> counts_nothing{false};  ///< as a hypervisor that has no counters
  bool was_reached() const { return fail_at > 0 && calls >= fail_at; }

  /// Calls to this provider hang from now on; "" lets those that hang go on.
  void hang(const std::string& provider);
  /// How many calls hang now.
  int hanging() const;
  /// Returns when calls to the provider may pass.
  void pass(const std::string& provider);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string hung_;
  int hanging_ = 0;
};

/// Wraps a factory: its drivers obey `faults`.
DriverFactory failing_factory(DriverFactory inner, std::shared_ptr<CallFaults> faults);

}  // namespace charter::test
