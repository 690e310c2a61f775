#include "controller/base/limits.h"
#include "tests/store/store_fixture.h"

#include <algorithm>
#include <latch>
#include <memory>

// Who is served when writes wait for the disk. The writer is held back by a completion that does
// not return until everything was submitted.
namespace charter::testing {
namespace {

Write create_for(const std::string& flow, const std::string& name, size_t padding = 0) {
  Write write = create({"team", name}, "v");
  if (padding > 0) write.object = thing({"team", name}, "v", padding);
  write.flow = flow;
  return write;
}

/// A store whose writer thread is busy from the beginning.
class BusyStore {
 public:
  BusyStore() {
    store_->submit(create({"team", "first"}, "v"), [this](const Result<Committed>& result) {
      EXPECT_TRUE(result.has_value());
      busy_.count_down();
      free_.wait();
    });
    busy_.wait();
  }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }
  /// Lets the writer go on, and waits until everything is written.
  void finish() {
    free_.count_down();
    store_->stop();
  }

 private:
  std::latch busy_{1}, free_{1};
  std::unique_ptr<Store> store_ = must_open({});
};

TEST(WriterFairness, A_flood_waits_behind_itself_and_a_single_write_of_another_is_next) {
  BusyStore store;
  std::vector<std::string> order;
  const auto note = [&](const std::string& name) {
    return [&order, name](const Result<Committed>& result) {
      EXPECT_TRUE(result.has_value());
      order.push_back(name);
    };
  };
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = "h" + std::to_string(i);
    store->submit(create_for("user:hostile", name), note(name));
  }
  store->submit(create_for("user:other", "o"), note("o"));
  store->submit(create_for("", "own"), note("own"));
  store.finish();
  ASSERT_EQ(order.size(), 1'002u) << "everything is written, once";
  const auto place = [&](const std::string& name) {
    return std::find(order.begin(), order.end(), name) - order.begin();
  };
  EXPECT_LE(place("o"), 2);
  EXPECT_LE(place("own"), 2);
  order.erase(std::remove_if(order.begin(), order.end(), [](const auto& n) { return n[0] == 'o'; }),
              order.end());
  for (size_t i = 0; i < order.size(); ++i)
    ASSERT_EQ(order[i], "h" + std::to_string(i)) << "order within a flow";
}

TEST(WriterFairness, A_flow_that_fills_its_share_gets_429_and_others_do_not) {
  BusyStore store;
  size_t accepted = 0;
  std::optional<Error> refused;
  bool other = false;
  size_t own = 0;
  for (size_t i = 0; i < limits::kWriteQueueMax; ++i) {
    store->submit(create_for("user:hostile", "h" + std::to_string(i)),
                  [&](const Result<Committed>& result) {
                    // A refusal is told at once, on this thread; the rest after finish().
                    if (result)
                      ++accepted;
                    else if (!refused)
                      refused = result.error();
                  });
  }
  store->submit(create_for("user:other", "o"),
                [&](const Result<Committed>& result) { other = result.has_value(); });
  for (size_t i = 0; i < limits::kWriteQueueMax / 4; ++i) {
    store->submit(create_for("", "own" + std::to_string(i)),
                  [&](const Result<Committed>& result) { own += result.has_value(); });
  }
  store.finish();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, Code::TooManyRequests);
  EXPECT_EQ(refused->retry_after_s, 1);
  EXPECT_GT(accepted, 0u);
  EXPECT_LT(accepted, limits::kWriteQueueMax / 2);
  EXPECT_TRUE(other);
  EXPECT_EQ(own, limits::kWriteQueueMax / 4) << "the program's own writes are not refused";
}

TEST(WriterFairness, Large_objects_do_not_make_one_endless_transaction) {
  BusyStore store;
  constexpr size_t kObjects = 8;
  size_t written = 0;
  const int64_t before = store->stats().transactions;
  for (size_t i = 0; i < kObjects; ++i) {
    store->submit(create_for("user:a", "l" + std::to_string(i), 1024 * 1024),
                  [&](const Result<Committed>& result) { written += result.has_value(); });
  }
  store.finish();
  EXPECT_EQ(written, kObjects);
  EXPECT_GE(store->stats().transactions - before, static_cast<int64_t>(kObjects) / 2);
}

}  // namespace
}  // namespace charter::testing
