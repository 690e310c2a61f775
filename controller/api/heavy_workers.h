#pragma once

#include "controller/api/flow.h"
#include "controller/base/clock.h"
#include "controller/base/fair_queue.h"
#include "controller/base/limits.h"
#include "controller/base/metrics.h"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

// A few threads for requests that cost much CPU in one piece (large bodies, long lists): on a wire
// thread every other connection would wait for them. What waits is queued by flow and taken fairly;
// one flow never holds all threads, so that the first costly request of another starts at once.
namespace charter {

/// One costly request.
struct HeavyWork {
  std::string flow;
  size_t bytes = 0;                  ///< of memory held while it waits
  std::chrono::microseconds cost{};  ///< estimated CPU
  std::function<void()> run;
  std::function<void()> refuse;  ///< called in place of run after kHeavyWaitMax
};

/// The threads and their queue. Thread-safe. Owned by the composition root, which stops it after
/// the HTTP server and before the store. Each accepted work is run or refused exactly once.
class HeavyWorkers {
 public:
  HeavyWorkers(const Clock& clock, Metrics& metrics, size_t threads = limits::kHeavyThreads,
               const char* level = kTenantsLevel);
  ~HeavyWorkers();

  /// Runs the work later. False when the flow has its share of the queue, or after stop(): neither
  /// callback is then called.
  bool submit(HeavyWork work);
  /// Finishes what is queued and refuses more. Idempotent. Not from within work.
  void stop();

 private:
  struct Waiting {
    HeavyWork work;
    Duration since{};
  };
  using Lock = std::unique_lock<std::mutex>;
  bool fits(const HeavyWork& work) const;
  std::optional<Waiting> next(Lock& lock);
  void run();
  void show();

  const Clock& clock_;
  const size_t threads_max_;
  Gauge& waiting_gauge_;
  Gauge& seats_gauge_;
  Counter& queue_full_;
  Counter& timed_out_;
  Histogram& waited_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  FairQueue<Waiting> queue_;                         // by flow, in estimated microseconds
  std::unordered_map<std::string, size_t> bytes_;    // of waiting work, by flow
  std::unordered_map<std::string, size_t> running_;  // threads held, by flow
  size_t bytes_total_ = 0;
  size_t running_total_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace charter
