#include "controller/runtime/worker_pool.h"

#include "controller/base/threads.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace charter {
namespace {

constexpr Duration kForever = std::chrono::hours(24 * 365);

}  // namespace

WorkerPool::WorkerPool(WorkerPoolParts parts, std::shared_ptr<Signal> gate)
    : parts_(std::move(parts)), gate_(std::move(gate)) {
  parts_.queue.on_all_busy([this](Duty duty) { grow(duty); });
}

WorkerPool::~WorkerPool() {
  join();
}

void WorkerPool::start() {
  for (const Duty duty : {Duty::All, Duty::User, Duty::Drift})
    grow(duty);
}

void WorkerPool::grow(Duty duty) {
  std::vector<std::thread> over;
  {
    const std::lock_guard lock(mutex_);
    for (const std::thread::id id : std::exchange(ended_, {})) {
      const auto at = std::find_if(threads_.begin(), threads_.end(),
                                   [id](const std::thread& one) { return one.get_id() == id; });
      if (at == threads_.end()) continue;  // join() has it
      over.push_back(std::move(*at));
      threads_.erase(at);
    }
    size_t& living = living_[static_cast<size_t>(duty)];
    if (living < parts_.wanted(duty)) {
      try {
        threads_.emplace_back([this, duty] { live(duty); });
        ++living;
      } catch (const std::system_error&) {
        // The system gives no more threads: those that there are go on, one key after the other.
        if (living == 0) throw;
      }
    }
  }
  for (std::thread& one : over)
    one.join();
}

void WorkerPool::live(Duty duty) {
  if (duty == Duty::Drift) yield_cpu_to_others();
  gate_->wait_finished(kForever);
  for (;;) {
    parts_.work(duty);
    const std::lock_guard lock(mutex_);
    // Whoever else waited may have gone to work meanwhile, and found that no more may be started.
    if (parts_.queue.is_unattended(duty)) continue;
    --living_[static_cast<size_t>(duty)];
    ended_.push_back(std::this_thread::get_id());
    return;
  }
}

void WorkerPool::join() {
  for (;;) {
    std::vector<std::thread> all;
    {
      const std::lock_guard lock(mutex_);
      all = std::move(threads_);
      threads_.clear();
      ended_.clear();
    }
    if (all.empty()) return;
    for (std::thread& one : all)
      one.join();
  }
}

size_t WorkerPool::threads() const {
  const std::lock_guard lock(mutex_);
  size_t all = 0;
  for (const size_t living : living_)
    all += living;
  return all;
}

}  // namespace charter
