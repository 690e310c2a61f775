#include "controller/runtime/signal.h"

namespace charter {

void Signal::wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

void Signal::end() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

bool Signal::wait(std::optional<Duration> timeout) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return woken_ || ended_; };
  if (timeout) {
    changed_.wait_for(lock, *timeout, ready);
  } else {
    changed_.wait(lock, ready);
  }
  woken_ = false;
  return !ended_;
}

bool Signal::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

void Signal::finish() {
  std::lock_guard lock(mutex_);
  finished_ = true;
  changed_.notify_all();
}

bool Signal::wait_finished(Duration deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [&] { return finished_; });
}

}  // namespace charter
