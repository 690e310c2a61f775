#include "controller/runtime/garbage_collector.h"

#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using test::kConfigMaps;
using test::kRacks;
using test::kWidgets;
using test::widget;

/// A World with a collector over every served kind.
class GarbageCollectorTest : public ::testing::Test {
 protected:
  GarbageCollectorTest() { collector_.set_resources(api_.served()); }
  void settle() {
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(manager_.settle(200'000).quiet);
      auto due = manager_.next_due();
      if (!due) return;
      api_.clock().advance(*due - api_.clock().monotonic());  // back-off after a race
    }
    FAIL() << "never quiet";
  }
  ObjectPtr owned(const std::string& name, std::vector<ObjectPtr> owners, bool blocks = false,
                  bool held = false) {
    Json object = widget(name);
    for (const ObjectPtr& owner : owners) {
      object["metadata"]["ownerReferences"].push_back(test::owner_reference(*owner, blocks));
    }
    if (held) object["metadata"]["finalizers"] = {"test.dev/hold"};
    return api_.create(kWidgets, object);
  }
  ObjectPtr find(const std::string& name) { return api_.get(kWidgets, {"lab", name}); }
  void release(const std::string& name) {
    Json next = find(name)->tree();
    Json kept = Json::array();
    for (const Json& f : next["metadata"]["finalizers"]) {
      if (f != "test.dev/hold") kept.push_back(f);
    }
    next["metadata"]["finalizers"] = kept;
    ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  }

  test::LocalApi api_;
  std::vector<std::shared_ptr<test::FaultyClient>> clients_;
  Manager manager_{
      api_.manager_parts([this](std::shared_ptr<Client> inner) -> std::shared_ptr<Client> {
        clients_.push_back(std::make_shared<test::FaultyClient>(std::move(inner)));
        return clients_.back();
      })};
  GarbageCollector collector_{manager_};
};

TEST_F(GarbageCollectorTest, Background_deletion_collects_the_whole_tree_below_the_owner) {
  auto root = owned("root", {});
  auto child = owned("child", {root});
  owned("grandchild", {child});
  owned("bystander", {});
  settle();
  EXPECT_EQ(api_.count(kWidgets), 4U);
  api_.remove(kWidgets, {"lab", "root"}, "Background");
  settle();
  EXPECT_EQ(api_.count(kWidgets), 1U);
  EXPECT_TRUE(find("bystander"));
}

TEST_F(GarbageCollectorTest, Foreground_deletion_removes_blocking_dependents_before_the_owner) {
  auto root = owned("root", {});
  auto child = owned("child", {root}, true, true);
  owned("grandchild", {child}, true);
  settle();
  api_.remove(kWidgets, {"lab", "root"}, "Foreground");
  settle();
  ASSERT_TRUE(find("root")) << "the child still holds";
  ASSERT_TRUE(find("child"));
  EXPECT_TRUE(find("child")->header().deleting);
  EXPECT_FALSE(find("grandchild"));
  release("child");
  settle();
  EXPECT_EQ(api_.count(kWidgets), 0U);
}

TEST_F(GarbageCollectorTest, Foreground_deletion_does_not_wait_for_dependents_that_do_not_block) {
  auto root = owned("root", {});
  owned("child", {root}, false, true);
  settle();
  api_.remove(kWidgets, {"lab", "root"}, "Foreground");
  settle();
  EXPECT_FALSE(find("root"));
  ASSERT_TRUE(find("child"));
  EXPECT_TRUE(find("child")->header().deleting);
}

TEST_F(GarbageCollectorTest, Orphan_deletion_keeps_dependents_without_the_reference) {
  auto root = owned("root", {});
  auto other = owned("other", {});
  owned("child", {root, other});
  settle();
  api_.remove(kWidgets, {"lab", "root"}, "Orphan");
  settle();
  EXPECT_FALSE(find("root"));
  ASSERT_TRUE(find("child"));
  ASSERT_EQ(find("child")->header().owners.size(), 1U);
  EXPECT_EQ(find("child")->header().owners[0].uid, other->header().uid);
}

TEST_F(GarbageCollectorTest,
       A_dependent_with_another_living_owner_only_loses_the_dangling_reference) {
  auto one = owned("one", {});
  auto two = owned("two", {});
  owned("child", {one, two});
  settle();
  api_.remove(kWidgets, {"lab", "one"});
  settle();
  ASSERT_TRUE(find("child"));
  ASSERT_EQ(find("child")->header().owners.size(), 1U);
  EXPECT_EQ(find("child")->header().owners[0].name, "two");
}

TEST_F(GarbageCollectorTest, A_dependent_made_after_its_owner_was_gone_or_replaced_is_collected) {
  auto root = owned("root", {});
  settle();
  api_.remove(kWidgets, {"lab", "root"});
  owned("root", {});
  owned("late", {root});
  settle();
  EXPECT_TRUE(find("root"));
  EXPECT_FALSE(find("late")) << "the owner has another uid";
}

TEST_F(GarbageCollectorTest,
       An_owner_missing_in_the_cache_but_present_in_the_api_is_no_reason_to_delete) {
  settle();
  // The caches see the child but not its owner, as when one watch lags behind another.
  auto rack = api_.create(
      kRacks, {{"apiVersion", "test.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r"}}}});
  owned("child", {rack});
  manager_.caches().find("test.dev/widgets")->pump();
  ASSERT_FALSE(manager_.caches().get("test.dev/racks", {"", "r"}));
  settle();
  EXPECT_TRUE(find("child"));
}

TEST_F(GarbageCollectorTest, Nothing_is_deleted_while_the_owner_cannot_be_looked_up) {
  settle();
  auto root = owned("root", {});
  api_.remove(kWidgets, {"lab", "root"});
  for (int i = 0; i < 3; ++i)
    clients_.back()->fail_next("get", {Code::ServiceUnavailable, "away"});
  owned("child", {root});
  ASSERT_TRUE(manager_.settle(1'000).quiet);
  EXPECT_TRUE(find("child"));
  settle();
  EXPECT_FALSE(find("child"));
}

TEST_F(GarbageCollectorTest, Objects_owned_by_an_unserved_kind_wait_until_it_is_served) {
  auto rack = api_.create(
      kRacks, {{"apiVersion", "test.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r"}}}});
  owned("child", {rack});
  auto resources = api_.served();
  std::erase_if(resources, [](const ServedResource& r) { return r.kind == "Rack"; });
  collector_.set_resources(resources);
  settle();
  api_.remove(kRacks, {"", "r"});
  settle();
  EXPECT_TRUE(find("child"));
  collector_.set_resources(api_.served());
  settle();
  EXPECT_FALSE(find("child"));
}

TEST_F(GarbageCollectorTest, A_settled_collector_writes_nothing) {
  auto root = owned("root", {});
  owned("child", {root}, true);
  settle();
  const int64_t before = api_.store().revision();
  collector_.set_resources(api_.served());
  settle();
  EXPECT_EQ(api_.store().revision(), before);
}

}  // namespace
}  // namespace charter
