#include "drivers/libvirt/call_pool.h"

#include "controller/base/log.h"
#include "drivers/libvirt/connection.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/limits.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace charter::libvirt {

/// One call on its way. Guarded by Shared::mutex.
struct CallPool::Job {
  Work work;
  std::condition_variable done;
  bool finished = false;
  std::shared_ptr<Worker> worker;  ///< once it has begun
};

/// One thread and its connection.
struct CallPool::Worker {
  std::thread thread;
  bool lost = false;   ///< its caller gave up; guarded by Shared::mutex
  bool ended = false;  ///< about to return; guarded by Shared::mutex
};

/// What threads and callers share. Outlives the pool for as long as a lost call hangs.
struct CallPool::Shared {
  Address address;
  CallBounds bounds;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::shared_ptr<Job>> waiting;
  std::vector<std::shared_ptr<Worker>> workers;
  size_t idle = 0;
  size_t lost = 0;
  bool outage = false;  ///< the last attempt to connect failed; said in the log once
  bool closing = false;

  /// Notes an attempt to connect, and logs what is news.
  void note(bool connected) {
    const std::string text = last_text();
    {
      const std::lock_guard lock(mutex);
      if (outage == !connected) return;
      outage = !connected;
    }
    if (connected)
      log_info("libvirt", "the host answers again", {{"uri", address.uri}});
    else
      log_warn("libvirt", "the host cannot be connected to",
               {{"uri", address.uri}, {"text", text}});
  }
};

namespace {

// Threads whose call still hangs when their endpoint is closed. They can be neither stopped nor
// waited for, and a std::thread must not be destroyed while it runs: so they are kept until the
// process ends. Bounded by kLibvirtLostCallsMax for each endpoint that was ever closed while
// hanging.
void keep_until_exit(std::thread thread) {
  static std::mutex mutex;
  static auto* const threads = new std::vector<std::thread>();
  std::lock_guard lock(mutex);
  threads->push_back(std::move(thread));
}

}  // namespace

CallPool::CallPool(Address address, CallBounds bounds) : shared_(std::make_shared<Shared>()) {
  shared_->address = std::move(address);
  shared_->bounds = bounds;
}

CallPool::~CallPool() {
  std::vector<std::shared_ptr<Worker>> workers;
  {
    std::unique_lock lock(shared_->mutex);
    shared_->closing = true;
    shared_->changed.notify_all();
    shared_->changed.wait_for(lock, limits::kLibvirtCloseGrace, [&] {
      return std::all_of(shared_->workers.begin(), shared_->workers.end(),
                         [](const auto& worker) { return worker->ended; });
    });
    workers = shared_->workers;
  }
  for (const auto& worker : workers) {
    bool ended = false;
    {
      std::lock_guard lock(shared_->mutex);
      ended = worker->ended;
    }
    if (ended) {
      worker->thread.join();
    } else {
      keep_until_exit(std::move(worker->thread));
    }
  }
}

const Address& CallPool::address() const {
  return shared_->address;
}

Status CallPool::run(Duration deadline, Work work) {
  auto& shared = *shared_;
  const auto job = std::make_shared<Job>();
  job->work = std::move(work);
  std::unique_lock lock(shared.mutex);
  if (shared.lost >= shared.bounds.lost) {
    return Error{Code::ServiceUnavailable,
                 std::to_string(shared.lost) + " earlier calls to the host still hang"};
  }
  if (shared.waiting.size() >= shared.bounds.waiting) {
    return Error{Code::ServiceUnavailable,
                 std::to_string(shared.waiting.size()) + " calls already wait for the host"};
  }
  // Threads that ended after their call was written off are collected here, by whoever comes next.
  std::erase_if(shared.workers, [](const std::shared_ptr<Worker>& worker) {
    if (worker->ended) worker->thread.join();
    return worker->ended;
  });
  shared.waiting.push_back(job);
  const size_t serving = shared.workers.size() - shared.lost;
  if (shared.idle < shared.waiting.size() && serving < shared.bounds.connections) {
    auto worker = std::make_shared<Worker>();
    shared.workers.push_back(worker);
    worker->thread = std::thread([state = shared_, worker] { serve(state, worker); });
  } else {
    shared.changed.notify_one();
  }
  if (job->done.wait_for(lock, deadline, [&] { return job->finished; })) return {};
  const bool begun = job->worker != nullptr;
  if (begun) {
    job->worker->lost = true;
    ++shared.lost;
  } else {
    std::erase(shared.waiting, job);
  }
  return Error{Code::Timeout, std::string(begun ? "the host did not answer"
                                                : "every connection to the host was busy") +
                                  " within " + human_duration(deadline)};
}

void CallPool::serve(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Worker>& worker) {
  Connect connection;
  std::unique_lock lock(shared->mutex);
  while (true) {
    ++shared->idle;
    shared->changed.wait(lock, [&] { return shared->closing || !shared->waiting.empty(); });
    --shared->idle;
    if (shared->closing) break;
    const auto job = std::move(shared->waiting.front());
    shared->waiting.pop_front();
    job->worker = worker;
    lock.unlock();
    Result<virConnectPtr> open = connection.get();
    if (!connection || virConnectIsAlive(connection.get()) != 1) {
      connection.reset();
      auto opened = open_connection(shared->address);
      shared->note(opened.has_value());
      if (opened) connection = *std::move(opened);
      open = connection ? Result<virConnectPtr>(connection.get()) : opened.error();
    }
    job->work(open);
    job->work = nullptr;  // what it holds is freed here, not under the lock
    lock.lock();
    job->finished = true;
    job->done.notify_all();
    job->worker.reset();
    if (worker->lost) {
      --shared->lost;
      break;
    }
  }
  lock.unlock();
  connection.reset();
  lock.lock();
  worker->ended = true;
  shared->changed.notify_all();
}

}  // namespace charter::libvirt
