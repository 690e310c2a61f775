#include "controller/base/fair_queue.h"

#include "controller/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace charter::test {
namespace {

std::string taken_order(FairQueue<int>& queue) {
  std::string out;
  while (!queue.empty()) {
    const auto taken = queue.take();
    out += taken.flow + std::to_string(taken.item) + " ";
  }
  return out;
}

TEST(FairQueue, A_flow_that_floods_waits_behind_itself) {
  FairQueue<int> queue;
  for (int i = 0; i < 5; ++i)
    queue.push("a", i, 10);
  queue.push("b", 0, 10);
  queue.push("b", 1, 10);
  EXPECT_EQ(taken_order(queue), "a0 b0 a1 b1 a2 a3 a4 ");
}

TEST(FairQueue, Shares_are_of_cost_and_not_of_items) {
  FairQueue<int> queue;
  for (int i = 0; i < 3; ++i)
    queue.push("large", i, 30);
  for (int i = 0; i < 9; ++i)
    queue.push("small", i, 10);
  EXPECT_EQ(taken_order(queue),
            "large0 small0 small1 small2 large1 small3 small4 small5 large2 small6 small7 small8 ");
}

TEST(FairQueue, Who_comes_back_neither_has_saved_up_nor_owes_for_what_nobody_else_wanted) {
  FairQueue<int> queue;
  for (int i = 0; i < 100; ++i) {
    queue.push("a", i, 10);
    queue.take();
  }
  for (int i = 0; i < 3; ++i)
    queue.push("a", i, 10);
  for (int i = 0; i < 3; ++i)
    queue.push("b", i, 10);
  EXPECT_EQ(taken_order(queue), "b0 a0 b1 a1 b2 a2 ") << "one item of a's is still to be paid for";
}

TEST(FairQueue, What_is_charged_afterwards_counts_like_a_cost) {
  FairQueue<int> queue;
  for (int i = 0; i < 3; ++i) {
    queue.push("a", i, 0);
    queue.push("b", i, 0);
  }
  EXPECT_EQ(queue.take().flow, "a");
  queue.charge("a", 25);
  EXPECT_EQ(queue.take().flow, "b");
  queue.charge("b", 10);
  EXPECT_EQ(queue.take().flow, "b");
  queue.charge("b", 10);
  EXPECT_EQ(queue.take().flow, "b");
  queue.charge("b", 10);
  EXPECT_EQ(queue.take().flow, "a");
}

TEST(FairQueue, A_flow_that_may_not_run_is_passed_over_and_keeps_its_place) {
  FairQueue<int> queue;
  queue.push("a", 1, 10);
  queue.push("b", 1, 10);
  const auto not_a = [](const std::string& flow) { return flow != "a"; };
  EXPECT_EQ(queue.take_if(not_a)->flow, "b");
  EXPECT_FALSE(queue.take_if(not_a).has_value());
  EXPECT_EQ(queue.take().flow, "a");
}

TEST(FairQueue, Remembers_a_bounded_number_of_flows) {
  FairQueue<int> queue;
  for (int i = 0; i < 100'000; ++i) {
    queue.push("f" + std::to_string(i), i, static_cast<uint64_t>(1'000'000 - i));
    queue.take();
  }
  EXPECT_LE(queue.flows(), 1025u);
}

/// Random arrivals, and what each flow was served while it always had more to do.
class Arrivals {
 public:
  explicit Arrivals(uint64_t seed) : random_(seed) {}

  void arrive() {
    const std::string flow(1, static_cast<char>('a' + random_below(random_, 5)));
    const uint64_t cost = 1 + random_below(random_, kCostMax);
    pushed_[flow].push_back(next_);
    costs_[next_] = cost;
    queue_.push(flow, next_++, cost);
  }

  void serve() {
    std::vector<std::string> waiting;
    for (const auto& [flow, ids] : pushed_) {
      if (served_[flow] < ids.size()) waiting.push_back(flow);
    }
    const auto taken = queue_.take();
    ASSERT_EQ(taken.item, pushed_[taken.flow][served_[taken.flow]++]) << "order within a flow";
    for (const std::string& flow : waiting) {
      for (const std::string& other : waiting)
        if (flow != other && flow == taken.flow) used_[{flow, other}] += costs_[taken.item];
    }
    check(waiting);
  }

  /// While two flows both wait, neither gets ahead of the other by more than two items.
  void check(const std::vector<std::string>& waiting) {
    const std::set<std::string> now(waiting.begin(), waiting.end());
    for (auto at = used_.begin(); at != used_.end();) {
      const auto& [flow, other] = at->first;
      const bool both = now.count(flow) > 0 && now.count(other) > 0;
      if (!both) {
        at = used_.erase(at);
        continue;
      }
      const auto back = used_.find({other, flow});
      const uint64_t theirs = back == used_.end() ? 0 : back->second;
      ASSERT_LE(at->second, theirs + 2 * kCostMax) << flow << " against " << other;
      ++at;
    }
  }

  bool empty() const { return queue_.empty(); }
  size_t served() const {
    size_t sum = 0;
    for (const auto& [_, count] : served_)
      sum += count;
    return sum;
  }
  size_t pushed() const { return static_cast<size_t>(next_); }

 private:
  static constexpr uint64_t kCostMax = 50;
  SeededRandom random_;
  FairQueue<int> queue_;
  int next_ = 0;
  std::map<std::string, std::vector<int>> pushed_;
  std::map<std::string, size_t> served_;
  std::map<int, uint64_t> costs_;
  std::map<std::pair<std::string, std::string>, uint64_t> used_;  // while both waited
};

TEST(FairQueue, Of_random_arrivals_each_waiting_flow_gets_its_share_and_everything_is_served_once) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SeededRandom dice(seed * 977);
    Arrivals arrivals(seed);
    for (int i = 0; i < 2'000; ++i) {
      if (arrivals.empty() || random_below(dice, 2) == 0)
        arrivals.arrive();
      else
        arrivals.serve();
      if (HasFatalFailure()) FAIL() << "seed " << seed;
    }
    while (!arrivals.empty())
      arrivals.serve();
    ASSERT_EQ(arrivals.served(), arrivals.pushed());
  }
}

TEST(FitsShare, There_is_always_room_for_one_more_flow) {
  constexpr size_t kMax = 1'000;
  std::vector<size_t> held;
  size_t total = 0;
  for (int flow = 0; flow < 8; ++flow) {
    size_t mine = 0;
    for (; fits_share(mine, 1, total, kMax); ++total)
      ++mine;
    EXPECT_GT(mine, 0u) << "flow " << flow;
    held.push_back(mine);
  }
  EXPECT_EQ(held[0], 500u);
  EXPECT_LT(total, kMax);
  EXPECT_FALSE(fits_share(0, 1, kMax, kMax));
  EXPECT_FALSE(fits_share(0, 1, kMax + 5, kMax));
}

}  // namespace
}  // namespace charter::test
