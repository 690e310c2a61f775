#include "controller/api/heavy_workers.h"

#include "controller/api/flow.h"

#include <algorithm>
#include <utility>

namespace charter {
namespace {

using Count = std::unordered_map<std::string, size_t>;

void give_back(Count& count, const std::string& flow, size_t amount) {
  const auto at = count.find(flow);
  at->second -= amount;
  if (at->second == 0) count.erase(at);
}

size_t held(const Count& count, const std::string& flow) {
  const auto at = count.find(flow);
  return at == count.end() ? 0 : at->second;
}

}  // namespace

HeavyWorkers::HeavyWorkers(const Clock& clock, Metrics& metrics, size_t threads,
                           const char* level)
    : clock_(clock),
      threads_max_(threads),
      waiting_gauge_(metrics.gauge("apiserver_flowcontrol_current_inqueue_requests",
                                   "Costly requests that wait for a thread.",
                                   flow_control_labels(level))),
      seats_gauge_(metrics.gauge("apiserver_flowcontrol_current_executing_seats",
                                 "Threads that work on costly requests.", flow_control_labels(level))),
      queue_full_(flow_control_rejections(metrics, "queue-full", level)),
      timed_out_(flow_control_rejections(metrics, "time-out", level)),
      waited_(metrics.histogram("apiserver_flowcontrol_request_wait_duration_seconds",
                                "Time that costly requests waited for a thread.",
                                {0.001, 0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 15},
                                flow_control_labels(level))) {
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { run(); });
}

HeavyWorkers::~HeavyWorkers() {
  stop();
}

bool HeavyWorkers::fits(const HeavyWork& work) const {
  return !stopping_ &&
         fits_share(queue_.size(work.flow), 1, queue_.size(), limits::kHeavyQueueMax) &&
         fits_share(held(bytes_, work.flow), work.bytes, bytes_total_, limits::kHeavyQueueBytesMax);
}

bool HeavyWorkers::submit(HeavyWork work) {
  {
    const std::lock_guard lock(mutex_);
    if (!fits(work)) {
      queue_full_.increment();
      return false;
    }
    bytes_total_ += work.bytes;
    if (work.bytes > 0) bytes_[work.flow] += work.bytes;
    const std::string flow = work.flow;
    const auto cost = static_cast<uint64_t>(work.cost.count());
    queue_.push(flow, Waiting{std::move(work), clock_.monotonic()}, cost);
    show();
  }
  changed_.notify_one();
  return true;
}

void HeavyWorkers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void HeavyWorkers::show() {
  waiting_gauge_.set(static_cast<double>(queue_.size()));
  seats_gauge_.set(static_cast<double>(running_total_));
}

// The next work whose flow may have one more thread; waits for it. Nothing: stopped and empty.
std::optional<HeavyWorkers::Waiting> HeavyWorkers::next(Lock& lock) {
  const size_t most = std::max<size_t>(1, threads_max_ - 1);
  while (true) {
    auto taken =
        queue_.take_if([&](const std::string& flow) { return held(running_, flow) < most; });
    if (taken) return std::move(taken->item);
    if (stopping_ && queue_.empty()) return std::nullopt;
    changed_.wait(lock);
  }
}

void HeavyWorkers::run() {
  Lock lock(mutex_);
  while (auto waiting = next(lock)) {
    const std::string flow = waiting->work.flow;
    bytes_total_ -= waiting->work.bytes;
    if (waiting->work.bytes > 0) give_back(bytes_, flow, waiting->work.bytes);
    ++running_[flow];
    ++running_total_;
    show();
    lock.unlock();
    const Duration waited = clock_.monotonic() - waiting->since;
    waited_.observe(static_cast<double>(waited.count()) / 1e9);
    if (waited > limits::kHeavyWaitMax) {
      timed_out_.increment();
      waiting->work.refuse();
    } else {
      waiting->work.run();
    }
    waiting.reset();  // what the work holds may take a while to free
    lock.lock();
    give_back(running_, flow, 1);
    --running_total_;
    show();
    changed_.notify_all();  // another thread may take this flow now; a stopping one may end
  }
}

}  // namespace charter
