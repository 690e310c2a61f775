#include "controller/base/random.h"
#include "controller/runtime/work_queue.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace charter {
namespace {

/// A queue of 16 workers whose lanes are the namespaces of its keys.
class LanesTest : public ::testing::Test {
 protected:
  static ObjectName key(const std::string& lane, int n) { return {lane, std::to_string(n)}; }
  void add(const std::string& lane, int from, int to, Priority priority = Priority::User) {
    for (int n = from; n < to; ++n)
      queue_.add(key(lane, n), priority);
  }
  /// Takes what may be taken now and gives nothing back.
  std::map<std::string, int> hang() {
    std::map<std::string, int> taken;
    while (auto item = queue_.try_take()) {
      ++taken[item->key.ns];
      running_.push_back(item->key);
    }
    return taken;
  }

  ManualClock clock_{Instant{}};
  Metrics metrics_;
  std::vector<ObjectName> running_;
  WorkQueue queue_{
      "test", clock_, metrics_, {.user = {16, 4}, .drift = {16, 2}}, [](const ObjectName& name) {
        return name.ns;
      }};
};

using Counts = std::map<std::string, int>;

TEST_F(LanesTest, A_lane_that_hangs_holds_its_share_of_the_workers_and_no_more) {
  add("hung", 0, 100);
  EXPECT_EQ(hang(), (Counts{{"hung", 4}}));
  add("fine", 0, 3);
  EXPECT_EQ(hang(), (Counts{{"fine", 3}}));
  EXPECT_EQ(queue_.depth(), 96U);
}

TEST_F(LanesTest, Keys_of_a_lane_go_on_in_order_as_places_become_free) {
  add("a", 0, 6);
  hang();
  queue_.done(key("a", 2));
  EXPECT_EQ(queue_.try_take()->key, key("a", 4));
  EXPECT_FALSE(queue_.try_take());
  queue_.done(key("a", 0));
  EXPECT_EQ(queue_.try_take()->key, key("a", 5));
}

TEST_F(LanesTest, A_pass_that_left_its_lane_frees_the_place_but_keeps_its_key) {
  add("a", 0, 5);
  hang();
  queue_.leave_lane(key("a", 0));
  queue_.leave_lane(key("a", 0));
  EXPECT_EQ(queue_.try_take()->key, key("a", 4));
  queue_.add(key("a", 0), Priority::User);
  queue_.done(key("a", 1));
  EXPECT_FALSE(queue_.try_take()) << "it still runs";
  queue_.done(key("a", 0));
  EXPECT_EQ(queue_.try_take()->key, key("a", 0));
}

TEST_F(LanesTest, The_last_quarter_of_the_workers_is_for_lanes_that_have_none) {
  for (const char* lane : {"h1", "h2", "h3", "h4", "h5"})
    add(lane, 0, 10);
  EXPECT_EQ(hang(), (Counts{{"h1", 4}, {"h2", 4}, {"h3", 4}, {"h4", 1}, {"h5", 1}}));
  add("fine", 0, 2);
  ASSERT_EQ(hang(), (Counts{{"fine", 1}}));
  queue_.done(key("fine", 0));
  EXPECT_EQ(hang(), (Counts{{"fine", 1}})) << "one after the other, but on";
}

TEST_F(LanesTest, A_place_that_is_short_goes_to_the_lane_that_waits_longest) {
  for (const char* lane : {"a", "b", "c"})
    add(lane, 0, 4);
  add("", 0, 4);
  hang();
  add("late", 0, 1);
  add("", 4, 8);
  EXPECT_TRUE(hang().empty()) << "all sixteen are busy";
  queue_.done(key("", 0));
  EXPECT_EQ(hang(), (Counts{{"late", 1}}));
}

TEST_F(LanesTest, Drift_checks_leave_workers_of_their_lane_to_user_changes) {
  add("a", 0, 100, Priority::Drift);
  EXPECT_EQ(hang(), (Counts{{"a", 2}}));
  add("a", 99, 100, Priority::User);
  EXPECT_EQ(queue_.try_take()->key, key("a", 99));
}

TEST_F(LanesTest, A_user_change_passes_drift_checks_that_hold_all_places_of_their_own) {
  WorkQueue queue{
      "tight", clock_, metrics_, {.user = {1, 1}, .drift = {1, 1}}, [](const ObjectName& name) {
        return name.ns;
      }};
  for (int n = 0; n < 2; ++n)
    queue.add(key("a", n), Priority::Drift);
  EXPECT_EQ(queue.try_take(), (WorkItem{key("a", 0), Priority::Drift}));
  queue.add(key("a", 1), Priority::User);
  EXPECT_EQ(queue.try_take(), (WorkItem{key("a", 1), Priority::User}));
  EXPECT_FALSE(queue.try_take());
}

TEST_F(LanesTest, A_full_queue_makes_room_for_a_user_change_beside_the_line_too) {
  WorkQueue queue{"full",
                  clock_,
                  metrics_,
                  {.keys_max = 5, .user = {4, 1}, .drift = {4, 1}},
                  [](const ObjectName& name) { return name.ns; }};
  for (int n = 0; n < 5; ++n)
    queue.add(key("a", n), Priority::Drift);
  queue.add(key("b", 0), Priority::User);
  EXPECT_EQ(queue.try_take()->key, key("b", 0));
  EXPECT_EQ(queue.depth(), 4U);
}

TEST_F(LanesTest, Shutting_down_drops_what_waits_in_lanes) {
  add("a", 0, 50);
  hang();
  queue_.shut_down();
  EXPECT_EQ(queue_.depth(), 0U);
  for (const ObjectName& name : running_)
    queue_.done(name);
  EXPECT_TRUE(queue_.wait_drained({}));
}

// Every key that was added is handed out after its last add, never to two workers, and no lane ever
// holds more than its share.
TEST_F(LanesTest, No_add_is_lost_and_no_share_exceeded_in_any_order_of_calls) {
  SeededRandom random(11);
  std::set<ObjectName> owed;
  std::map<ObjectName, Priority> in_lane;
  const std::vector<std::string> lanes = {"", "a", "b", "c", "d", "e", "f"};
  const auto give_back = [&](size_t index) {
    queue_.done(running_[index]);
    in_lane.erase(running_[index]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(index));
  };
  const auto take = [&] {
    const auto item = queue_.try_take();
    if (!item) return;
    owed.erase(item->key);
    for (const ObjectName& other : running_)
      ASSERT_NE(other, item->key);
    running_.push_back(item->key);
    in_lane.emplace(item->key, item->priority);
    std::map<Priority, Counts> held;
    for (const auto& [name, priority] : in_lane)
      ++held[priority][name.ns];
    for (const auto& [priority, counts] : held) {
      for (const auto& [lane, count] : counts)
        ASSERT_LE(count, lane.empty() ? 16 : priority == Priority::User ? 4 : 2) << lane;
    }
  };
  for (int i = 0; i < 50'000; ++i) {
    const uint64_t what = random_below(random, 8);
    if (what < 3) {
      const auto name = key(lanes[random_below(random, lanes.size())],
                            static_cast<int>(random_below(random, 12)));
      queue_.add(name, random_below(random, 2) == 0 ? Priority::User : Priority::Drift);
      owed.insert(name);
    } else if (what < 6) {
      take();
    } else if (!running_.empty()) {
      const size_t index = random_below(random, running_.size());
      if (what == 6) {
        queue_.leave_lane(running_[index]);
        in_lane.erase(running_[index]);
      } else {
        give_back(index);
      }
    }
  }
  for (int i = 0; i < 1'000 && (!owed.empty() || !running_.empty()); ++i) {
    take();
    if (!running_.empty()) give_back(0);
  }
  EXPECT_TRUE(owed.empty());
  EXPECT_EQ(queue_.depth(), 0U);
}

}  // namespace
}  // namespace charter
