#include "controller/api/heavy_workers.h"

#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <future>
#include <mutex>

// Costly requests beside the wire threads, and who gets which of the threads.
namespace charter::test {
namespace {

constexpr size_t kLarge = 64 * 1024;
const Peer kHostile{"hostile", {"system:masters"}};
const Peer kOther{"other", {"system:masters"}};

/// Two threads, so one for each flow, and a hostile flow that holds its one until it is let go.
class HeavyWorkersTest : public testing::Test {
 protected:
  HeavyWorkersTest() { hold("user:hostile", gate_); }
  ~HeavyWorkersTest() override { release(); }

  void hold(const std::string& flow, std::promise<void>& gate) {
    std::promise<void> started;
    EXPECT_TRUE(workers_.submit({flow, 0, std::chrono::seconds(1),
                                 [&started, free = gate.get_future().share()] {
                                   started.set_value();
                                   free.wait();
                                 },
                                 [] { ADD_FAILURE() << "refused"; }}));
    started.get_future().wait();
  }

  void release() {
    if (!std::exchange(released_, true)) gate_.set_value();
    workers_.stop();
  }

  HeavyWork noting(const std::string& flow, const std::string& word) {
    return {flow, 0, std::chrono::milliseconds(1), [this, word] { note(word); },
            [this, word] { note("no " + word); }};
  }
  void note(const std::string& word) {
    const std::lock_guard lock(mutex_);
    notes_.push_back(word);
  }

  /// A body of this many bytes that is refused once somebody reads it.
  static Ask broken(size_t bytes, const Peer& peer) {
    Ask ask{"POST", kWidgetsPath, "a: \"" + std::string(bytes - 4, 'x'), "application/yaml"};
    ask.peer = peer;
    return ask;
  }

  std::mutex mutex_;
  std::vector<std::string> notes_;
  std::promise<void> gate_;
  bool released_ = false;
  ManualClock clock_{Instant{}};
  Metrics metrics_;
  HeavyWorkers workers_{clock_, metrics_, 2};
  ServedApi api_{&workers_};
};

TEST_F(HeavyWorkersTest, A_costly_request_waits_for_a_worker_and_a_cheap_one_for_nobody) {
  std::atomic<int> answers = 0;
  int status = 0;
  api_.handle(broken(kLarge, kHostile), [&](const Answer& answer) {
    status = answer.status;
    ++answers;
  });
  EXPECT_EQ(answers, 0) << "the caller, a wire thread, must not have read it";
  EXPECT_EQ(api_.ask(broken(1'000, kHostile)).status, 400) << "read where it was asked";
  EXPECT_EQ(api_.get(kWidgetsPath).status, 200);
  release();
  EXPECT_EQ(answers, 1);
  EXPECT_EQ(status, 400);
}

TEST_F(HeavyWorkersTest, A_flow_that_floods_gets_429_and_another_ones_request_runs_at_once) {
  std::atomic<size_t> answers = 0;
  size_t queued = 0;
  int refused = 0;
  std::string retry_after;
  while (refused == 0 && queued <= limits::kHeavyQueueMax) {
    api_.handle(broken(kLarge, kHostile), [&](const Answer& answer) {
      if (answer.status == 429) {
        refused = answer.status;
        retry_after = answer.header("Retry-After");
        EXPECT_EQ(answer.reason(), "TooManyRequests");
      } else {
        ++answers;
      }
    });
    if (refused == 0) ++queued;
  }
  EXPECT_EQ(refused, 429);
  EXPECT_EQ(retry_after, "1");
  EXPECT_EQ(queued, limits::kHeavyQueueMax / 2) << "a flow alone has half of the queue";
  std::promise<int> other;
  api_.handle(broken(kLarge, kOther),
              [&](const Answer& answer) { other.set_value(answer.status); });
  EXPECT_EQ(other.get_future().get(), 400) << "the other thread is kept free of the hostile flow";
  EXPECT_EQ(answers, 0u) << "nothing of the hostile flow's ran meanwhile";
  release();
  EXPECT_EQ(answers, queued) << "what was queued is answered, also while stopping";
  EXPECT_EQ(api_.ask(broken(kLarge, kOther)).status, 429) << "stopped";
}

TEST_F(HeavyWorkersTest, Flows_take_turns_on_a_thread_that_gets_free) {
  std::promise<void> second;
  hold("user:other", second);
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(workers_.submit(noting("user:hostile", "h" + std::to_string(i))));
  EXPECT_TRUE(workers_.submit(noting("user:third", "t0")));
  EXPECT_TRUE(workers_.submit(noting("user:third", "t1")));
  second.set_value();
  while (true) {
    const std::lock_guard lock(mutex_);
    if (notes_.size() == 2) break;
  }
  EXPECT_EQ(notes_, (std::vector<std::string>{"t0", "t1"})) << "the hostile flow has its thread";
  release();
  EXPECT_EQ(notes_, (std::vector<std::string>{"t0", "t1", "h0", "h1", "h2"}));
}

TEST_F(HeavyWorkersTest, What_has_waited_for_too_long_is_refused_instead_of_run) {
  EXPECT_TRUE(workers_.submit(noting("user:hostile", "late")));
  clock_.advance(limits::kHeavyWaitMax + std::chrono::seconds(1));
  EXPECT_TRUE(workers_.submit(noting("user:hostile", "fresh")));
  release();
  EXPECT_EQ(notes_, (std::vector<std::string>{"no late", "fresh"}));
}

TEST_F(HeavyWorkersTest, Memory_of_waiting_bodies_is_bounded_by_flow) {
  const auto of_bytes = [&](const std::string& flow, size_t bytes) {
    HeavyWork work = noting(flow, "w");
    work.bytes = bytes;
    return workers_.submit(std::move(work));
  };
  EXPECT_TRUE(of_bytes("user:hostile", limits::kHeavyQueueBytesMax / 2));
  EXPECT_FALSE(of_bytes("user:hostile", 1));
  EXPECT_TRUE(of_bytes("user:other", 1));
}

}  // namespace
}  // namespace charter::test
