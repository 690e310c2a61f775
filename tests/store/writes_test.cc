#include "tests/store/store_fixture.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <latch>
#include <thread>

// Compare-and-swap, guards, order and limits of writes, on a store in memory.
namespace charter::testing {
namespace {

const ObjectName kA{"team", "a"};
const ObjectName kB{"team", "b"};

TEST(Writes, Compare_and_swap_follows_its_table) {
  enum class Have { Nothing, Object, Deleted };
  struct Row {
    Have have;
    Write::Op op;
    int64_t expected_offset;  // added to the current version; -1000 asks for "must not exist"
    std::optional<Code> error;
  };
  constexpr int64_t kNone = -1000;
  const Row rows[] = {
      {Have::Nothing, Write::Op::Put, kNone, std::nullopt},
      {Have::Nothing, Write::Op::Put, 7, Code::NotFound},
      {Have::Nothing, Write::Op::Delete, 7, Code::NotFound},
      {Have::Nothing, Write::Op::Delete, kNone, Code::NotFound},
      {Have::Object, Write::Op::Put, kNone, Code::AlreadyExists},
      {Have::Object, Write::Op::Put, 0, std::nullopt},
      {Have::Object, Write::Op::Put, -1, Code::Conflict},
      {Have::Object, Write::Op::Put, 1, Code::Conflict},
      {Have::Object, Write::Op::Delete, 0, std::nullopt},
      {Have::Object, Write::Op::Delete, 1, Code::Conflict},
      {Have::Object, Write::Op::Delete, kNone, Code::Conflict},
      {Have::Deleted, Write::Op::Put, kNone, std::nullopt},
      {Have::Deleted, Write::Op::Put, 0, Code::NotFound},
      {Have::Deleted, Write::Op::Delete, 0, Code::NotFound},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(&row - rows);
    auto store = must_open(inline_options());
    must_commit(*store, create({"team", "other"}, "o"));
    int64_t version = 0;
    if (row.have != Have::Nothing) {
      const ObjectPtr made = must_commit(*store, create(kA, "1"));
      version = made->header().version;
      if (row.have == Have::Deleted) version = must_commit(*store, removal(made))->header().version;
    }
    const int64_t before = store->revision();
    Write write = create(kA, "2");
    write.op = row.op;
    write.expected = row.expected_offset == kNone ? 0 : version + row.expected_offset;
    const Result<Committed> result = store->commit(write);
    EXPECT_EQ(result.has_value(), !row.error.has_value());
    if (row.error && !result) {
      EXPECT_EQ(result.error().code, *row.error);
    }
    EXPECT_EQ(store->revision(), before + (row.error ? 0 : 1));
    if (result) {
      EXPECT_EQ(result->object->header().version, before + 1);
    }
  }
}

TEST(Writes, A_conflict_says_that_the_object_has_been_modified) {
  auto store = must_open(inline_options());
  const ObjectPtr first = must_commit(*store, create(kA, "1"));
  must_commit(*store, update(first, "2"));
  const auto result = store->commit(update(first, "3"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "object has been modified");
  EXPECT_EQ(value_of(*store->get(kBucket, kA)), "2");
}

TEST(Writes, The_revision_is_spliced_into_the_stored_bytes) {
  auto store = must_open(inline_options());
  must_commit(*store, create(kB, "x"));
  const ObjectPtr object = must_commit(*store, create(kA, "1"));
  EXPECT_EQ(object->header().version, 2);
  EXPECT_NE(object->bytes().find("\"resourceVersion\":\"2\""), std::string_view::npos);
  EXPECT_EQ(store->get(kBucket, kA), object);
}

TEST(Writes, A_refused_guard_rejects_only_its_own_write) {
  auto store = must_open(inline_options());
  Write refused = create(kA, "1");
  refused.guard = [](const View&) -> Status { return Error{Code::Forbidden, "limit reached"}; };
  const auto result = store->commit(refused);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "limit reached");
  EXPECT_EQ(store->get(kBucket, kA), nullptr);
  EXPECT_EQ(store->revision(), 0);
  EXPECT_TRUE(store->commit(create(kB, "1")));
}

// Allows one object in the namespace.
Status at_most_one(const View& view) {
  size_t count = 0;
  view.scan(kBucket, "team", [&](const ObjectPtr&) { return ++count < 2; });
  if (count >= 1) return Error{Code::Forbidden, "one is enough"};
  return {};
}

// Submits writes so that the writer finds all of them in one group: it is held inside a first
// write's guard meanwhile.
std::vector<Result<Committed>> commit_as_group(Store& store, std::vector<Write> writes) {
  std::latch held(1), release(1), done(static_cast<std::ptrdiff_t>(writes.size()) + 1);
  Write gate = create({"gate", "gate"}, "g");
  gate.guard = [&](const View&) -> Status {
    held.count_down();
    release.wait();
    return Error{Code::Forbidden, "only a gate"};
  };
  store.submit(gate, [&](Result<Committed>) { done.count_down(); });
  held.wait();
  std::vector<Result<Committed>> results(writes.size(), Result<Committed>(Error{}));
  for (size_t i = 0; i < writes.size(); ++i) {
    store.submit(writes[i], [&, i](Result<Committed> result) {
      results[i] = std::move(result);
      done.count_down();
    });
  }
  release.count_down();
  done.wait();
  return results;
}

TEST(Writes, Of_two_guarded_writes_in_one_group_exactly_one_passes) {
  auto store = must_open({});
  Write first = create(kA, "1"), second = create(kB, "2");
  first.guard = second.guard = at_most_one;
  const auto results = commit_as_group(*store, {first, second});
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().message, "one is enough");
  EXPECT_EQ(store->stats().transactions, 1);
}

TEST(Writes, A_group_is_one_transaction_and_each_write_in_it_sees_those_before) {
  auto store = must_open({});
  Write again = create(kA, "2");
  Write guarded = create(kB, "3");
  guarded.guard = [](const View& view) -> Status {
    EXPECT_NE(view.get(kBucket, kA), nullptr);
    EXPECT_EQ(view.get(kBucket, {"team", "z"}), nullptr);
    return {};
  };
  const auto results = commit_as_group(*store, {create(kA, "1"), again, guarded});
  EXPECT_TRUE(results[0]);
  ASSERT_FALSE(results[1]);
  EXPECT_EQ(results[1].error().code, Code::AlreadyExists);
  EXPECT_TRUE(results[2]);
  EXPECT_EQ(store->stats().transactions, 1);
  EXPECT_EQ(store->stats().commits, 2);
  EXPECT_EQ(store->revision(), 2);
}

TEST(Writes, A_guard_scan_merges_the_group_with_what_is_committed) {
  auto store = must_open({});
  const ObjectPtr b = must_commit(*store, create(kB, "old"));
  const ObjectPtr d = must_commit(*store, create({"team", "d"}, "old"));
  must_commit(*store, create({"other", "c"}, "old"));
  std::vector<std::string> seen, first_two;
  Write last = create({"team", "z"}, "new");
  last.guard = [&](const View& view) -> Status {
    view.scan(kBucket, "team", [&](const ObjectPtr& object) {
      seen.push_back(object->header().name + "=" + value_of(*object));
      return true;
    });
    view.scan(kBucket, "", [&](const ObjectPtr& object) {
      first_two.push_back(object->header().name);
      return first_two.size() < 2;
    });
    return {};
  };
  commit_as_group(*store, {create(kA, "new"), update(b, "new"), create({"team", "c"}, "new"),
                           removal(d), create({"team", "e"}, "new"), last});
  EXPECT_EQ(seen, (std::vector<std::string>{"a=new", "b=new", "c=new", "e=new"}));
  EXPECT_EQ(first_two, (std::vector<std::string>{"c", "a"}));
}

TEST(Writes, Racing_guarded_writers_never_pass_the_limit_in_a_thousand_rounds) {
  auto store = must_open({});
  constexpr int kRounds = 1'000;
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<int> passed = 0;
    std::latch start(2);
    const auto race = [&](const ObjectName& name) {
      Write write = create(name, "1");
      write.guard = at_most_one;
      start.arrive_and_wait();
      if (store->commit(write)) ++passed;
    };
    std::thread other(race, kA);
    race(kB);
    other.join();
    ASSERT_EQ(passed, 1) << "round " << round;
    for (const ObjectName& name : {kA, kB}) {
      if (const ObjectPtr object = store->get(kBucket, name)) must_commit(*store, removal(object));
    }
  }
}

TEST(Writes, Racing_updates_of_one_version_let_exactly_one_pass) {
  auto store = must_open({});
  ObjectPtr current = must_commit(*store, create(kA, "0"));
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> passed = 0;
    std::vector<std::thread> racers;
    for (int i = 0; i < 4; ++i) {
      racers.emplace_back(
          [&, i] { passed += store->commit(update(current, std::to_string(i))) ? 1 : 0; });
    }
    for (std::thread& racer : racers)
      racer.join();
    ASSERT_EQ(passed, 1);
    current = store->get(kBucket, kA);
  }
  EXPECT_EQ(store->revision(), 201);
}

TEST(Writes, Completion_comes_after_publication_and_after_the_subscribers) {
  auto store = must_open(inline_options());
  std::vector<std::string> order;
  const int id = store->subscribe([&](const auto& buckets, int64_t revision) {
    EXPECT_TRUE(buckets.contains(kBucket));
    EXPECT_EQ(revision, store->revision());
    order.push_back("poked");
  });
  store->submit(create(kA, "1"), [&](Result<Committed> result) {
    ASSERT_TRUE(result);
    EXPECT_EQ(store->get(kBucket, kA), result->object);
    order.push_back("done");
  });
  EXPECT_EQ(order, (std::vector<std::string>{"poked", "done"}));
  store->unsubscribe(id);
  must_commit(*store, create(kB, "1"));
  EXPECT_EQ(order.size(), 2u);
}

TEST(Writes, A_callback_may_write_in_inline_mode) {
  auto store = must_open(inline_options());
  store->submit(create(kA, "1"), [&](Result<Committed>) { must_commit(*store, create(kB, "2")); });
  EXPECT_EQ(store->get(kBucket, kB)->header().version, 2);
}

TEST(Writes, A_full_queue_answers_429_and_loses_nothing_it_took) {
  auto store = must_open({});
  std::latch held(1), release(1);
  Write gate = create({"gate", "gate"}, "g");
  gate.guard = [&](const View&) -> Status {
    held.count_down();
    release.wait();
    return {};
  };
  std::atomic<int> good = 0, refused = 0;
  const auto count = [&](Result<Committed> result) {
    if (result) return void(++good);
    EXPECT_EQ(result.error().code, Code::TooManyRequests);
    EXPECT_GT(result.error().retry_after_s, 0);
    ++refused;
  };
  store->submit(gate, count);
  held.wait();
  constexpr int kMore = 4'096 + 10;
  for (int i = 0; i < kMore; ++i)
    store->submit(create({"n", "x" + std::to_string(i)}, "v"), count);
  EXPECT_EQ(refused, 10);
  release.count_down();
  store->stop();
  EXPECT_EQ(good, kMore - 10 + 1);
}

TEST(Writes, A_stopped_store_refuses_writes_and_still_answers_reads) {
  auto store = must_open({});
  must_commit(*store, create(kA, "1"));
  store->stop();
  store->stop();
  const auto result = store->commit(create(kB, "1"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::ServiceUnavailable);
  EXPECT_NE(store->get(kBucket, kA), nullptr);
}

TEST(Writes, The_same_writes_in_inline_mode_give_the_same_state) {
  const auto run = [] {
    auto store = must_open(inline_options());
    for (int i = 0; i < 50; ++i) {
      const ObjectName name{"n", "x" + std::to_string(i * 7 % 13)};
      const ObjectPtr current = store->get(kBucket, name);
      if (!current) {
        must_commit(*store, create(name, std::to_string(i)));
      } else if (i % 3 == 0) {
        must_commit(*store, removal(current));
      } else {
        must_commit(*store, update(current, std::to_string(i)));
      }
    }
    return visible_state(*store, {std::string(kBucket)});
  };
  EXPECT_EQ(run(), run());
}

// A limit by tally must see what the same group wrote before it, and nothing of what was refused.
TEST(Writes, A_guard_counts_field_values_of_the_snapshot_and_of_its_own_turn) {
  StoreOptions options = inline_options();
  options.mode = WriterMode::Thread;
  auto store = must_open(std::move(options));
  const auto sized = [](const std::string& name, const std::string& size) {
    const Json tree = {{"metadata", {{"namespace", "n"}, {"name", name}}}};
    return Write{Write::Op::Put,
                 {std::string(kBucket), {"n", name}},
                 0,
                 Encoded::make(tree, 0, {{"size", size}}),
                 {}};
  };
  const auto at_most = [](int64_t limit) -> Guard {
    return [limit](const View& view) -> Status {
      if (view.tally(kBucket, "n", "size")["big"] < limit) return {};
      return Error{Code::Forbidden, "enough"};
    };
  };
  must_commit(*store, sized("a", "big"));
  must_commit(*store, sized("s", "small"));
  std::atomic<int> accepted = 0, refused = 0;
  std::latch answered(5);
  // Submitted on the writer, these wait for its next turn and share it.
  store->submit(sized("b", "small"), [&](Result<Committed>) {
    for (int i = 0; i < 5; ++i) {
      Write write = sized("c" + std::to_string(i), "big");
      write.guard = at_most(3);
      store->submit(std::move(write), [&](Result<Committed> done) {
        ++(done ? accepted : refused);
        answered.count_down();
      });
    }
  });
  answered.wait();
  EXPECT_EQ(accepted, 2);
  EXPECT_EQ(refused, 3);
  EXPECT_EQ(store->view().tally(kBucket, "n", "size"), (Tally{{"big", 3}, {"small", 2}}));
  must_commit(*store, removal(store->get(kBucket, {"n", "a"})));
  EXPECT_EQ(store->view().tally(kBucket, "", "size"), (Tally{{"big", 2}, {"small", 2}}));
}

}  // namespace
}  // namespace charter::testing
