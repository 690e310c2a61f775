#include "controller/runtime/work_queue.h"

#include "controller/base/random.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

namespace charter {
namespace {

using namespace std::chrono_literals;

/// A queue with its own clock.
class WorkQueueTest : public ::testing::Test {
 protected:
  static ObjectName key(int n) { return {"lab", "k" + std::to_string(n)}; }
  std::vector<std::string> take_all() {
    std::vector<std::string> names;
    while (auto item = queue_.try_take()) {
      names.push_back(item->key.name);
      queue_.done(item->key);
    }
    return names;
  }

  ManualClock clock_{Instant{}};
  Metrics metrics_;
  WorkQueue queue_{"test", clock_, metrics_, {.keys_max = 200'000}};
};

TEST_F(WorkQueueTest, Hands_out_first_come_first_served_and_each_key_once) {
  for (int n : {1, 2, 1, 3, 2})
    queue_.add(key(n), Priority::Drift);
  EXPECT_EQ(queue_.depth(), 3U);
  EXPECT_EQ(take_all(), (std::vector<std::string>{"k1", "k2", "k3"}));
}

TEST_F(WorkQueueTest, A_user_key_comes_before_a_hundred_thousand_drift_keys) {
  for (int n = 0; n < 100'000; ++n)
    queue_.add(key(n), Priority::Drift);
  queue_.add({"lab", "user"}, Priority::User);
  EXPECT_EQ(queue_.try_take(), (WorkItem{{"lab", "user"}, Priority::User}));
  EXPECT_EQ(queue_.try_take(), (WorkItem{key(0), Priority::Drift}));
}

TEST_F(WorkQueueTest, A_user_change_upgrades_a_key_queued_for_drift_and_never_back) {
  for (int n : {1, 2, 3})
    queue_.add(key(n), Priority::Drift);
  queue_.add(key(3), Priority::User);
  queue_.add(key(3), Priority::Drift);
  EXPECT_EQ(take_all(), (std::vector<std::string>{"k3", "k1", "k2"}));
}

TEST_F(WorkQueueTest, A_key_added_while_it_runs_comes_again_only_after_done) {
  queue_.add(key(1), Priority::Drift);
  auto first = queue_.try_take();
  queue_.add(key(1), Priority::Drift);
  queue_.add(key(1), Priority::User);
  EXPECT_EQ(queue_.try_take(), std::nullopt);
  queue_.done(first->key);
  EXPECT_EQ(queue_.try_take(), (WorkItem{key(1), Priority::User}));
}

TEST_F(WorkQueueTest, A_delayed_key_becomes_ready_at_its_time_and_the_sooner_delay_wins) {
  queue_.add_after(key(1), 10s, Priority::User);
  queue_.add_after(key(1), 20s, Priority::User);
  queue_.add_after(key(2), 30s, Priority::User);
  queue_.add_after(key(2), 5s, Priority::User);
  EXPECT_EQ(queue_.next_due(), Duration(5s));
  clock_.advance(4s);
  EXPECT_TRUE(take_all().empty());
  clock_.advance(1s);
  EXPECT_EQ(take_all(), (std::vector<std::string>{"k2"}));
  EXPECT_EQ(queue_.next_due(), Duration(10s));
  clock_.advance(1h);
  EXPECT_EQ(take_all(), (std::vector<std::string>{"k1"}));
  EXPECT_EQ(queue_.next_due(), std::nullopt);
}

TEST_F(WorkQueueTest, Taking_a_key_cancels_its_delay) {
  queue_.add_after(key(1), 10s, Priority::Drift);
  queue_.add(key(1), Priority::User);
  EXPECT_EQ(take_all().size(), 1U);
  clock_.advance(1h);
  EXPECT_TRUE(take_all().empty());
}

TEST_F(WorkQueueTest, Back_off_doubles_to_its_maximum_and_forget_starts_over) {
  Duration expected = limits::kBackoffMin;
  for (int i = 0; i < 40; ++i) {
    queue_.add(key(1), Priority::Drift);
    auto item = queue_.try_take();
    ASSERT_TRUE(item);
    queue_.add_backoff(item->key, item->priority);
    queue_.done(item->key);
    EXPECT_EQ(*queue_.next_due() - clock_.monotonic(), expected) << i;
    expected = std::min<Duration>(expected * 2, limits::kBackoffMax);
  }
  EXPECT_EQ(queue_.failures(key(1)), 40);
  queue_.forget(key(1));
  EXPECT_EQ(queue_.failures(key(1)), 0);
}

TEST_F(WorkQueueTest, Back_off_honours_what_the_server_asked_for) {
  queue_.add_backoff(key(1), Priority::Drift, 7s);
  EXPECT_EQ(queue_.next_due(), Duration(7s));
}

TEST_F(WorkQueueTest, A_full_queue_drops_drift_keys_tells_once_and_prefers_user_keys) {
  WorkQueue small("small", clock_, metrics_, {.keys_max = 4});
  for (int n = 0; n < 6; ++n)
    small.add(key(n), Priority::Drift);
  EXPECT_EQ(small.depth(), 4U);
  small.add({"lab", "user"}, Priority::User);
  EXPECT_EQ(small.depth(), 4U);
  EXPECT_FALSE(small.take_overflow()) << "there is no room yet";
  std::vector<std::string> names;
  while (auto item = small.try_take()) {
    names.push_back(item->key.name);
    small.done(item->key);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"user", "k0", "k1", "k2"}));
  EXPECT_TRUE(small.take_overflow());
  EXPECT_FALSE(small.take_overflow());
}

TEST_F(WorkQueueTest, Shut_down_drops_queued_delayed_and_dirty_keys_and_refuses_more) {
  queue_.add(key(1), Priority::Drift);
  queue_.add(key(2), Priority::Drift);
  queue_.add_after(key(3), 1s, Priority::User);
  auto item = queue_.take();
  queue_.add(key(1), Priority::User);
  queue_.shut_down();
  queue_.add(key(4), Priority::User);
  EXPECT_EQ(queue_.take(), std::nullopt);
  EXPECT_EQ(queue_.depth() + queue_.delayed(), 0U);
  EXPECT_FALSE(queue_.wait_drained({}));
  queue_.done(item->key);
  EXPECT_TRUE(queue_.wait_drained({}));
}

TEST_F(WorkQueueTest, Metrics_carry_client_go_names) {
  queue_.add(key(1), Priority::Drift);
  queue_.add_backoff(key(2), Priority::Drift);
  const std::string text = metrics_.expose();
  for (const char* line :
       {"workqueue_depth{name=\"test\"} 1", "workqueue_adds_total{name=\"test\"} 1",
        "workqueue_retries_total{name=\"test\"} 1"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

/// The queue as its header describes it, written as plainly as possible.
class QueueModel {
 public:
  void add(int key, Priority priority) {
    if (running_.contains(key)) {
      auto [at, added] = dirty_.try_emplace(key, priority);
      if (!added) at->second = std::min(at->second, priority);
      return;
    }
    for (auto at = queued_.begin(); at != queued_.end(); ++at) {
      if (at->first != key) continue;
      if (priority >= at->second) return;
      queued_.erase(at);
      break;
    }
    queued_.push_back({key, priority});
  }
  void add_after(int key, Duration due, Priority priority) {
    auto [at, added] = delayed_.try_emplace(key, due, priority);
    if (added) return;
    at->second = {std::min(at->second.first, due), std::min(at->second.second, priority)};
  }
  std::optional<std::pair<int, Priority>> take(Duration now) {
    std::multimap<Duration, int> due;
    for (auto& [key, delay] : delayed_) {
      if (delay.first <= now) due.emplace(delay.first, key);
    }
    for (auto& [at, key] : due) {
      const Priority priority = delayed_.at(key).second;
      delayed_.erase(key);
      add(key, priority);
    }
    for (Priority wanted : {Priority::User, Priority::Drift}) {
      for (auto at = queued_.begin(); at != queued_.end(); ++at) {
        if (at->second != wanted) continue;
        auto taken = *at;
        queued_.erase(at);
        running_.insert(taken.first);
        delayed_.erase(taken.first);
        return taken;
      }
    }
    return std::nullopt;
  }
  void done(int key) {
    running_.erase(key);
    if (auto dirty = dirty_.find(key); dirty != dirty_.end()) {
      queued_.push_back(*dirty);
      dirty_.erase(dirty);
    }
  }
  const std::set<int>& running() const { return running_; }
  size_t queued() const { return queued_.size(); }

 private:
  std::vector<std::pair<int, Priority>> queued_;
  std::set<int> running_;
  std::map<int, Priority> dirty_;
  std::map<int, std::pair<Duration, Priority>> delayed_;
};

class WorkQueueModelTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(WorkQueueModelTest, Behaves_as_the_three_set_model_for_random_operations) {
  SeededRandom random(GetParam());
  ManualClock clock{Instant{}};
  Metrics metrics;
  WorkQueue queue("model", clock, metrics);
  QueueModel model;
  const auto name = [](int n) { return ObjectName{"", std::to_string(n)}; };
  int64_t tick = 0;
  for (int step = 0; step < 4'000; ++step) {
    const int key = static_cast<int>(random_below(random, 12));
    const Priority priority = random_below(random, 2) == 0 ? Priority::User : Priority::Drift;
    switch (random_below(random, 6)) {
      case 0:
        queue.add(name(key), priority);
        model.add(key, priority);
        break;
      case 1: {
        // Delays all differ, so that the order of keys due at once is fixed.
        const Duration delay(static_cast<int64_t>(random_below(random, 50)) * 100'000 + ++tick);
        queue.add_after(name(key), delay, priority);
        model.add_after(key, clock.monotonic() + delay, priority);
        break;
      }
      case 2:
        clock.advance(Duration(static_cast<int64_t>(random_below(random, 10)) * 100'000));
        break;
      case 3:
      case 4: {
        auto got = queue.try_take();
        auto wanted = model.take(clock.monotonic());
        ASSERT_EQ(got.has_value(), wanted.has_value()) << "step " << step;
        if (!got) break;
        ASSERT_EQ(got->key, name(wanted->first)) << "step " << step;
        ASSERT_EQ(got->priority, wanted->second) << "step " << step;
        break;
      }
      default:
        if (model.running().contains(key)) {
          queue.done(name(key));
          model.done(key);
        }
    }
    ASSERT_EQ(queue.running(), model.running().size()) << "step " << step;
    ASSERT_EQ(queue.depth(), model.queued()) << "step " << step;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WorkQueueModelTest, ::testing::Range<uint64_t>(1, 21));

TEST(WorkQueueThreads, No_key_is_lost_or_held_by_two_workers_under_load) {
  SystemClock clock;
  Metrics metrics;
  WorkQueue queue("threads", clock, metrics);
  constexpr int kKeys = 50;
  constexpr int kAdds = 2'000;
  std::array<std::atomic<int>, kKeys> holders{};
  std::array<std::atomic<int>, kKeys> written{};
  std::array<std::atomic<int>, kKeys> seen{};
  std::vector<std::thread> workers;
  for (int w = 0; w < 4; ++w) {
    workers.emplace_back([&] {
      while (auto item = queue.take()) {
        const auto n = static_cast<size_t>(std::stoi(item->key.name));
        EXPECT_EQ(holders[n].fetch_add(1), 0);
        seen[n] = written[n].load();
        holders[n].fetch_sub(1);
        queue.done(item->key);
      }
    });
  }
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kAdds; ++i) {
        const int n = (i * 7 + t) % kKeys;
        ++written[static_cast<size_t>(n)];
        queue.add({"", std::to_string(n)}, i % 2 ? Priority::User : Priority::Drift);
      }
    });
  }
  for (std::thread& writer : writers)
    writer.join();
  while (queue.depth() + queue.running() > 0)
    std::this_thread::yield();
  queue.shut_down();
  for (std::thread& worker : workers)
    worker.join();
  for (size_t n = 0; n < kKeys; ++n)
    EXPECT_EQ(seen[n], written[n]) << n;
}

// The last of the drift checks waits, and no other: the worker for user changes takes none of them.
TEST(WorkQueueThreads, Workers_of_one_duty_leave_the_keys_of_the_other) {
  SystemClock clock;
  Metrics metrics;
  WorkQueue queue("duty", clock, metrics);
  std::set<std::string> user, drift;
  std::thread for_user([&] {
    while (auto item = queue.take(Duty::User)) {
      user.insert(item->key.name);
      queue.done(item->key);
    }
  });
  std::thread for_drift([&] {
    while (auto item = queue.take(Duty::Drift)) {
      drift.insert(item->key.name);
      queue.done(item->key);
    }
  });
  // Either worker may watch the time for keys of the other.
  for (int i = 0; i < 200; ++i) {
    const std::string name = std::to_string(i);
    queue.add_after({"user", "u" + name}, std::chrono::microseconds(i % 3 * 700), Priority::User);
    queue.add_after({"drift", "d" + name}, std::chrono::microseconds(i % 4 * 500), Priority::Drift);
    std::this_thread::yield();
  }
  while (queue.depth() + queue.delayed() + queue.running() > 0)
    std::this_thread::yield();
  queue.shut_down();
  for_user.join();
  for_drift.join();
  EXPECT_EQ(user.size(), 200U);
  EXPECT_EQ(drift.size(), 200U);
  EXPECT_TRUE(user.contains("u199") && !user.contains("d0"));
  EXPECT_TRUE(drift.contains("d199") && !drift.contains("u0"));
}

TEST(WorkQueueThreads, A_waiting_worker_wakes_for_a_key_that_becomes_due) {
  SystemClock clock;
  Metrics metrics;
  WorkQueue queue("due", clock, metrics);
  std::thread worker([&] {
    auto item = queue.take();
    ASSERT_TRUE(item);
    EXPECT_EQ(item->key.name, "soon");
    queue.done(item->key);
  });
  queue.add_after({"", "later"}, std::chrono::hours(1), Priority::User);
  queue.add_after({"", "soon"}, 5ms, Priority::Drift);
  worker.join();
}

TEST(WorkQueueThreads, Of_workers_with_nothing_to_do_all_but_one_may_end) {
  SystemClock clock;
  Metrics metrics;
  WorkQueueLimits bounds;
  bounds.idle_max = 5ms;
  WorkQueue queue("bored", clock, metrics, bounds);
  std::atomic<int> busy{0}, ended{0}, served{0};
  queue.on_all_busy([&](Duty) { ++busy; });
  std::vector<std::thread> workers;
  for (int w = 0; w < 5; ++w) {
    workers.emplace_back([&] {
      while (auto item = queue.take(Duty::User)) {
        ++served;
        queue.done(item->key);
      }
      ++ended;
    });
  }
  while (ended < 4)
    std::this_thread::yield();
  queue.add({"", "late"}, Priority::User);
  queue.add_after({"", "later"}, 20ms, Priority::User);
  while (served < 2)
    std::this_thread::yield();
  EXPECT_EQ(ended, 4) << "the last one stays, and still watches the time";
  EXPECT_EQ(busy, 2) << "each time that it went to work nobody was left";
  queue.shut_down();
  for (std::thread& worker : workers)
    worker.join();
}

}  // namespace
}  // namespace charter
