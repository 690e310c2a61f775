#include "controller/runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>

namespace charter {
namespace {

using namespace std::chrono_literals;

WorkQueueLimits quickly_bored() {
  WorkQueueLimits bounds;
  bounds.idle_max = 5ms;
  return bounds;
}

// One worker has left the queue because it was bored, and is not yet off the books when the other
// goes to work: no third may be started, so the one that leaves has to stay.
TEST(WorkerPool, AWorkerThatIsNeededAsItLeavesStays) {
  SystemClock clock;
  Metrics metrics;
  WorkQueue queue("leaving", clock, metrics, quickly_bored());
  std::promise<void> left, may_go, first_begun, second_served;
  std::atomic<bool> has_left{false};
  const auto serve = [&](const std::string& name) {
    if (name == "second") second_served.set_value();
    if (name != "first") return;
    first_begun.set_value();  // behind whatever the pool had to decide
    second_served.get_future().wait();
  };
  const auto work = [&](Duty duty) {
    while (auto item = queue.take(duty)) {
      serve(item->key.name);
      queue.done(item->key);
    }
    if (has_left.exchange(true)) return;
    left.set_value();
    may_go.get_future().wait();
  };
  const auto gate = std::make_shared<Signal>();
  WorkerPool pool({queue, [](Duty duty) { return duty == Duty::User ? 2U : 0U; }, work}, gate);
  pool.start();
  gate->finish();
  queue.add({"", "wakes the second worker"}, Priority::User);
  left.get_future().wait();
  queue.add({"", "first"}, Priority::User);
  first_begun.get_future().wait();
  queue.add({"", "second"}, Priority::User);
  EXPECT_TRUE(queue.is_unattended(Duty::User));
  EXPECT_EQ(pool.threads(), 2U);
  EXPECT_EQ(queue.depth(), 1U);
  may_go.set_value();
  while (queue.depth() + queue.running() > 0)  // for ever, if it goes
    std::this_thread::yield();
  queue.shut_down();
  pool.join();
  EXPECT_EQ(pool.threads(), 0U);
}

TEST(WorkerPool, WorkersThatHaveNothingToDoEndAndOneStays) {
  SystemClock clock;
  Metrics metrics;
  WorkQueue queue("ending", clock, metrics, quickly_bored());
  std::atomic<int> inside{0};
  const auto work = [&](Duty duty) {
    while (auto item = queue.take(duty)) {
      ++inside;
      while (inside < 4)
        std::this_thread::yield();
      queue.done(item->key);
    }
  };
  const auto gate = std::make_shared<Signal>();
  WorkerPool pool({queue, [](Duty duty) { return duty == Duty::All ? 4U : 0U; }, work}, gate);
  pool.start();
  EXPECT_EQ(pool.threads(), 1U);
  gate->finish();
  for (int i = 0; i < 4; ++i)
    queue.add({"", std::to_string(i)}, Priority::User);
  while (inside < 4)  // they wait for each other
    std::this_thread::yield();
  while (pool.threads() > 1)
    std::this_thread::yield();
  queue.add({"", "again"}, Priority::User);
  while (inside < 5)
    std::this_thread::yield();
  queue.shut_down();
}

}  // namespace
}  // namespace charter
