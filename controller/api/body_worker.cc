#include "controller/api/body_worker.h"

#include "controller/base/limits.h"

#include <utility>

namespace charter {

BodyWorker::BodyWorker() : thread_([this] { run(); }) {}

BodyWorker::~BodyWorker() {
  stop();
}

bool BodyWorker::submit(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= limits::kBodyQueueMax) return false;
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void BodyWorker::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void BodyWorker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::function<void()> work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    lock.lock();
  }
}

}  // namespace charter
