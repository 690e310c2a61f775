#include "controller/api/body_worker.h"

#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <future>

// Requests with large bodies beside the wire threads.
namespace charter::test {
namespace {

/// A worker that is busy until it is let go.
class BodyWorkerTest : public testing::Test {
 protected:
  BodyWorkerTest() {
    std::promise<void> started;
    EXPECT_TRUE(worker_.submit([&started, free = gate_.get_future().share()] {
      started.set_value();
      free.wait();
    }));
    started.get_future().wait();
  }
  ~BodyWorkerTest() override { release(); }

  void release() {
    if (!std::exchange(released_, true)) gate_.set_value();
    worker_.stop();
  }

  /// A body of this many bytes that is refused once somebody reads it.
  static Ask broken(size_t bytes) {
    return {"POST", kWidgetsPath, "a: \"" + std::string(bytes - 4, 'x'), "application/yaml"};
  }

  std::promise<void> gate_;
  bool released_ = false;
  BodyWorker worker_;
  ServedApi api_{&worker_};
};

TEST_F(BodyWorkerTest, A_large_body_waits_for_the_worker_and_a_small_one_for_nobody) {
  std::atomic<int> answers = 0;
  int status = 0;
  api_.handle(broken(limits::kBodyInlineBytesMax + 1), [&](const Answer& answer) {
    status = answer.status;
    ++answers;
  });
  EXPECT_EQ(answers, 0) << "the caller, a wire thread, must not have read it";
  EXPECT_EQ(api_.ask(broken(limits::kBodyInlineBytesMax)).status, 400) << "read where it was asked";
  EXPECT_EQ(api_.get(kWidgetsPath).status, 200);
  release();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(status, 400);
}

TEST_F(BodyWorkerTest, Large_bodies_beyond_the_queue_get_429) {
  std::atomic<size_t> answers = 0;
  for (size_t i = 0; i < limits::kBodyQueueMax; ++i) {
    api_.handle(broken(limits::kBodyInlineBytesMax + 1), [&](const Answer&) { ++answers; });
  }
  const Answer refused = api_.ask(broken(limits::kBodyInlineBytesMax + 1));
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(answers, 0u);
  release();
  EXPECT_EQ(answers, limits::kBodyQueueMax) << "what was queued is answered, also while stopping";
  EXPECT_EQ(api_.ask(broken(limits::kBodyInlineBytesMax + 1)).status, 429) << "stopped";
}

}  // namespace
}  // namespace charter::test
