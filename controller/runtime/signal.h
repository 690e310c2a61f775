#pragma once

#include "controller/base/clock.h"

#include <condition_variable>
#include <mutex>
#include <optional>

// How a loop on a thread of its own is woken, ended and waited for.
namespace charter {

/// A latched wake-up with an end. Thread-safe; outlives whoever may still call `wake` by being
/// shared.
class Signal {
 public:
  /// The loop has something to do. Wake-ups before the next wait count as one.
  void wake();
  /// Ends the loop: every `wait` returns false from now on.
  void end();
  /// Waits for wake(), end() or until `timeout` has passed; false after end().
  bool wait(std::optional<Duration> timeout);
  bool ended() const;

  /// The loop's last act.
  void finish();
  /// Waits for finish(); false after `deadline`.
  bool wait_finished(Duration deadline);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool ended_ = false;
  bool finished_ = false;
};

}  // namespace charter
