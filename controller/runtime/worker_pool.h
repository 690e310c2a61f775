#pragma once

#include "controller/runtime/signal.h"
#include "controller/runtime/work_queue.h"

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

// The threads that work for one controller. One of each duty waits for keys from the start; when
// the last idle one goes to work another is started, up to what the controller wants, and those
// that find nothing to do for limits::kWorkerIdle end. Sixteen controllers want some five hundred
// threads while ten thousand machines boot, and forty otherwise.
namespace charter {

/// Whom the pool works for; all of it outlives the pool.
struct WorkerPoolParts {
  WorkQueue& queue;
  std::function<size_t(Duty)> wanted;  ///< threads of a duty, at most
  std::function<void(Duty)> work;      ///< takes keys and serves them until there is none to take
};

/// See above. `start` and `join` are called by one thread.
class WorkerPool {
 public:
  /// Workers begin once `gate` is finished.
  WorkerPool(WorkerPoolParts parts, std::shared_ptr<Signal> gate);
  /// The queue is shut down by then.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void start();
  /// Waits until every worker has ended: after the queue was shut down.
  void join();
  /// Threads that work or wait for work.
  size_t threads() const;

 private:
  void grow(Duty duty);
  void live(Duty duty);

  const WorkerPoolParts parts_;
  const std::shared_ptr<Signal> gate_;
  mutable std::mutex mutex_;
  std::array<size_t, kDuties> living_{};
  std::vector<std::thread> threads_;  // also such that have ended since ended_ was emptied
  std::vector<std::thread::id> ended_;
};

}  // namespace charter
