#include "controller/base/limits.h"
#include "controller/base/random.h"
#include "tests/store/store_fixture.h"

#include <atomic>
#include <map>
#include <thread>

// Lists, counts, events and compaction, on a store in memory.
namespace charter::testing {
namespace {

std::vector<std::string> names(const std::vector<ObjectPtr>& objects) {
  std::vector<std::string> out;
  for (const ObjectPtr& object : objects)
    out.push_back(object->header().name);
  return out;
}

TEST(Reads, An_empty_store_lists_nothing_at_revision_zero) {
  auto store = must_open(inline_options());
  const auto page = store->list(kBucket, {});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->revision, 0);
  EXPECT_TRUE(page->objects.empty());
  EXPECT_FALSE(page->more);
  EXPECT_EQ(store->count(kBucket), 0u);
}

TEST(Reads, Lists_are_ordered_by_namespace_and_name_and_may_be_limited_to_one_namespace) {
  auto store = must_open(inline_options());
  for (const ObjectName& name : {ObjectName{"b", "1"}, ObjectName{"a", "2"}, ObjectName{"a-b", "x"},
                                 ObjectName{"a", "1"}, ObjectName{"", "c"}}) {
    must_commit(*store, create(name, "v"));
  }
  must_commit(*store, create({"a", "elsewhere"}, "v", "other/bucket"));
  EXPECT_EQ(describe(store->list(kBucket, {})->objects),
            (std::vector<std::string>{"c=v@5", "a/1=v@4", "a/2=v@2", "a-b/x=v@3", "b/1=v@1"}));
  EXPECT_EQ(describe(store->list(kBucket, {.ns = "a"})->objects),
            (std::vector<std::string>{"a/1=v@4", "a/2=v@2"}));
  EXPECT_EQ(store->count(kBucket, "a"), 2u);
  EXPECT_EQ(store->count(kBucket, "zz"), 0u);
  EXPECT_EQ(store->count(kBucket), 5u);
}

TEST(Reads, A_list_at_a_revision_undoes_what_came_after) {
  auto store = must_open(inline_options());
  const ObjectPtr a = must_commit(*store, create({"n", "a"}, "1"));
  const ObjectPtr b = must_commit(*store, create({"n", "b"}, "1"));
  const int64_t at = store->revision();
  const ObjectPtr a2 = must_commit(*store, update(a, "2"));
  must_commit(*store, update(a2, "3"));
  must_commit(*store, removal(b));
  must_commit(*store, create({"n", "b"}, "again"));
  const ObjectPtr c = must_commit(*store, create({"n", "c"}, "1"));
  must_commit(*store, removal(c));
  must_commit(*store, create({"m", "d"}, "1"));
  const auto then = store->list(kBucket, {.at_revision = at});
  ASSERT_TRUE(then);
  EXPECT_EQ(then->revision, at);
  EXPECT_EQ(describe(then->objects), (std::vector<std::string>{"n/a=1@1", "n/b=1@2"}));
  EXPECT_EQ(describe(store->list(kBucket, {.ns = "n", .at_revision = at + 3})->objects),
            (std::vector<std::string>{"n/a=3@4"}));
}

TEST(Reads, Continued_pages_show_one_snapshot_whatever_changes_in_between) {
  auto store = must_open(inline_options());
  for (int i = 0; i < 10; ++i)
    must_commit(*store, create({"n", "x" + std::to_string(i)}, "v"));
  auto page = store->list(kBucket, {.limit = 4});
  ASSERT_TRUE(page);
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->remaining, 6);
  std::vector<std::string> seen = names(page->objects);
  // One on each page is deleted, one made, one changed.
  must_commit(*store, removal(store->get(kBucket, {"n", "x1"})));
  must_commit(*store, removal(store->get(kBucket, {"n", "x4"})));
  must_commit(*store, removal(store->get(kBucket, {"n", "x9"})));
  must_commit(*store, create({"n", "x33"}, "v"));
  must_commit(*store, create({"n", "x88"}, "v"));
  must_commit(*store, update(store->get(kBucket, {"n", "x8"}), "w"));
  const int64_t at = page->revision;
  page = store->list(kBucket, {.at_revision = at, .after = {"n", "x3"}, .limit = 4});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->revision, at);
  EXPECT_EQ(names(page->objects), (std::vector<std::string>{"x4", "x5", "x6", "x7"}));
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->remaining, 2);
  page = store->list(kBucket, {.at_revision = at, .after = {"n", "x7"}, .limit = 4});
  EXPECT_EQ(describe(page->objects), (std::vector<std::string>{"n/x8=v@9", "n/x9=v@10"}));
  EXPECT_FALSE(page->more);
  EXPECT_EQ(page->remaining, 0);
}

TEST(Reads, A_limit_counts_objects_that_pass_the_filter) {
  auto store = must_open(inline_options());
  for (int i = 0; i < 20; ++i)
    must_commit(*store, create({"n", "x" + std::to_string(10 + i)}, i % 2 ? "odd" : "even"));
  const auto odd = [](const Encoded& object) {
    return *find_pair(object.header().labels, "app") == "odd";
  };
  const auto page = store->list(kBucket, {.limit = 3, .filter = odd});
  EXPECT_EQ(names(page->objects), (std::vector<std::string>{"x11", "x13", "x15"}));
  EXPECT_TRUE(page->more);
  const auto last = store->list(kBucket, {.after = {"n", "x24"}, .limit = 3, .filter = odd});
  EXPECT_EQ(names(last->objects), (std::vector<std::string>{"x25", "x27", "x29"}));
  EXPECT_FALSE(last->more) << "nothing that matches remains";
}

// Every (revision, after, limit, namespace) of a random history against a model that keeps every
// state.
TEST(Reads, Pages_of_a_random_history_equal_those_of_a_model_that_keeps_every_state) {
  auto store = must_open(inline_options());
  SeededRandom random(7);
  std::map<int64_t, std::map<ObjectName, std::string>> states;
  std::map<ObjectName, std::string> state;
  for (int step = 0; step < 400; ++step) {
    const ObjectName name{random_below(random, 2) ? "m" : "n",
                          "x" + std::to_string(random_below(random, 150))};
    const ObjectPtr current = store->get(kBucket, name);
    ObjectPtr object;
    if (!current) {
      object = must_commit(*store, create(name, std::to_string(step)));
    } else if (random_below(random, 3) == 0) {
      must_commit(*store, removal(current));
    } else {
      object = must_commit(*store, update(current, std::to_string(step)));
    }
    if (object) state[name] = describe(std::vector{object})[0];
    if (!object) state.erase(name);
    states[store->revision()] = state;
  }
  for (int query = 0; query < 2'000; ++query) {
    ListRange range;
    range.at_revision = 1 + static_cast<int64_t>(random_below(random, 400));
    range.ns = std::vector<std::string>{"", "m", "n"}[random_below(random, 3)];
    range.limit = random_below(random, 20);
    if (random_below(random, 2))
      range.after = {random_below(random, 2) ? "m" : "n",
                     "x" + std::to_string(random_below(random, 150))};
    std::vector<std::string> want;
    for (const auto& [name, line] : states[range.at_revision]) {
      if ((range.ns.empty() || name.ns == range.ns) && name > range.after) want.push_back(line);
    }
    const size_t all = want.size();
    if (range.limit > 0 && all > range.limit) want.resize(range.limit);
    const auto page = store->list(kBucket, range);
    ASSERT_TRUE(page);
    ASSERT_EQ(describe(page->objects), want) << "query " << query;
    ASSERT_EQ(page->more, all > want.size());
    ASSERT_EQ(page->remaining, static_cast<int64_t>(all - want.size())) << "query " << query;
  }
}

TEST(Reads, A_list_beyond_the_newest_revision_times_out_and_names_both) {
  auto store = must_open(inline_options());
  must_commit(*store, create({"n", "a"}, "1"));
  const auto page = store->list(kBucket, {.at_revision = 2});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::Timeout);
  EXPECT_EQ(page.error().message, "Too large resource version: 2, current: 1");
}

TEST(Reads, Events_come_in_order_with_the_state_before) {
  auto store = must_open(inline_options());
  const ObjectPtr a = must_commit(*store, create({"n", "a"}, "1"));
  must_commit(*store, create({"n", "elsewhere"}, "1", "other/bucket"));
  const ObjectPtr a2 = must_commit(*store, update(a, "2"));
  must_commit(*store, removal(a2));
  must_commit(*store, create({"n", "a"}, "3"));
  const std::vector<std::string> all = {"A n/a=1@1", "M n/a=2@3 was n/a=1@1",
                                        "D n/a=2@4 was n/a=2@3", "A n/a=3@5"};
  EXPECT_EQ(describe(*store->events(kBucket, 0, 100)), all);
  EXPECT_EQ(describe(*store->events(kBucket, 1, 2)), (std::vector<std::string>{all[1], all[2]}));
  EXPECT_TRUE(store->events(kBucket, 5, 100)->empty());
  EXPECT_TRUE(store->events("no/such", 0, 100)->empty());
}

TEST(Reads, Compaction_expires_older_events_and_states_and_keeps_the_current_one) {
  auto store = must_open(inline_options());
  const ObjectPtr a = must_commit(*store, create({"n", "a"}, "1"));
  const ObjectPtr a2 = must_commit(*store, update(a, "2"));
  must_commit(*store, update(a2, "3"));
  store->compact(2);
  EXPECT_EQ(store->compacted(), 2);
  EXPECT_EQ(store->events(kBucket, 1, 100).error().code, Code::Expired);
  EXPECT_EQ(store->events(kBucket, 1, 100).error().message, "too old resource version: 1 (2)");
  EXPECT_EQ(describe(*store->events(kBucket, 2, 100)),
            (std::vector<std::string>{"M n/a=3@3 was n/a=2@2"}));
  EXPECT_EQ(store->list(kBucket, {.at_revision = 1}).error().code, Code::Expired);
  EXPECT_EQ(describe(store->list(kBucket, {.at_revision = 2})->objects),
            (std::vector<std::string>{"n/a=2@2"}));
  store->compact(1);
  EXPECT_EQ(store->compacted(), 2) << "never moves back";
  store->compact(99);
  EXPECT_EQ(store->compacted(), 3);
  EXPECT_EQ(describe(store->list(kBucket, {})->objects), (std::vector<std::string>{"n/a=3@3"}));
}

TEST(Reads, The_ring_drops_the_oldest_events_beyond_its_bytes) {
  auto store = must_open(inline_options());
  constexpr size_t kLarge = 1024 * 1024;
  Write write = create({"n", "a"}, "0");
  write.object = thing({"n", "a"}, "0", kLarge);
  ObjectPtr current = must_commit(*store, write);
  for (int i = 0; i < 80; ++i) {
    Write next = update(current, std::to_string(i));
    next.object = thing({"n", "a"}, std::to_string(i), kLarge);
    current = must_commit(*store, next);
  }
  EXPECT_LT(store->stats().events, 65);
  EXPECT_GT(store->stats().events, 55);
  EXPECT_EQ(store->compacted(), 81 - store->stats().events);
  EXPECT_FALSE(store->events(kBucket, store->compacted() - 1, 1));
  EXPECT_TRUE(store->events(kBucket, store->compacted(), 1));
}

TEST(Reads, Readers_beside_a_writer_see_only_whole_states) {
  auto store = must_open({});
  // Each write moves one token from n/x to n/y: a consistent list always has exactly one object.
  must_commit(*store, create({"n", "token"}, "0"));
  std::atomic<bool> stop = false;
  std::atomic<int> lists = 0;
  std::thread reader([&] {
    int64_t newest = 0;
    while (!stop) {
      const auto page = store->list(kBucket, {});
      ASSERT_TRUE(page);
      ASSERT_GE(page->revision, newest);
      newest = page->revision;
      for (const ObjectPtr& object : page->objects)
        ASSERT_LE(object->header().version, page->revision);
      const auto again = store->list(kBucket, {.at_revision = page->revision});
      ASSERT_TRUE(again);
      ASSERT_EQ(page->objects, again->objects);
      ++lists;
    }
  });
  for (int i = 0; i < 1'500 || lists < 50; ++i) {
    const ObjectName name{"n", "x" + std::to_string(i % 200)};
    const ObjectPtr current = store->get(kBucket, name);
    must_commit(*store,
                current ? (i % 3 ? update(current, "v") : removal(current)) : create(name, "v"));
  }
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace charter::testing
