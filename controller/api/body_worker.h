#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

// One thread for requests whose bodies are large (kBodyInlineBytesMax): reading three megabytes of
// YAML takes 0.4 s, and on a wire thread every other connection of that thread would wait. It is
// one thread so that large bodies, however many, leave the rest of the machine to everybody else.
namespace charter {

/// The thread and its queue. Thread-safe. Owned by the composition root, which stops it after the
/// HTTP server and before the store.
class BodyWorker {
 public:
  BodyWorker();
  ~BodyWorker();

  /// Runs `work` later, in order. False when kBodyQueueMax wait already or after stop().
  bool submit(std::function<void()> work);
  /// Finishes what is queued and refuses more. Idempotent. Not from within work.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace charter
