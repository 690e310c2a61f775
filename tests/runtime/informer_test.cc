#include "controller/runtime/informer.h"

#include "controller/runtime/caches.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using test::kConfigMaps;
using test::kWidgets;
using test::widget;

/// An informer on widgets that writes down what it tells.
class InformerTest : public ::testing::Test {
 protected:
  InformerTest() {
    informer_.add_handler([this](const ObjectChange& change) {
      std::string line = !change.before ? "+" : !change.after ? "-" : "~";
      if (change.origin == ObjectChange::Origin::List) line += "l";
      told_.push_back(line + change.newest().header().name);
    });
  }
  void pump_all() {
    while (informer_.pump()) {
    }
  }
  std::vector<std::string> told() { return std::exchange(told_, {}); }
  void resize(const std::string& name, int size) {
    Json next = api_.get(kWidgets, {"lab", name})->tree();
    next["spec"]["size"] = size;
    ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  }
  using Lines = std::vector<std::string>;

  test::LocalApi api_;
  test::FaultyClient client_{api_.client()};
  Informer informer_{client_, kWidgets, api_.clock(), api_.metrics()};
  Lines told_;
};

TEST_F(InformerTest, Lists_then_tells_every_change_in_order) {
  api_.create(kWidgets, widget("a"));
  EXPECT_FALSE(informer_.synced());
  pump_all();
  EXPECT_TRUE(informer_.synced());
  EXPECT_EQ(told(), (Lines{"+la"}));
  api_.create(kWidgets, widget("b"));
  resize("a", 2);
  api_.remove(kWidgets, {"lab", "b"});
  pump_all();
  EXPECT_EQ(told(), (Lines{"+b", "~a", "-b"}));
  EXPECT_EQ(informer_.size(), 1U);
  EXPECT_EQ(informer_.seen(), api_.store().revision());
  EXPECT_FALSE(informer_.pump()) << "quiet when nothing happens";
}

TEST_F(InformerTest, Shares_objects_with_the_store_without_a_copy) {
  api_.create(kWidgets, widget("a"));
  pump_all();
  EXPECT_EQ(informer_.get({"lab", "a"}).get(), api_.get(kWidgets, {"lab", "a"}).get());
}

TEST_F(InformerTest, An_expired_watch_is_listed_again_and_no_delete_is_lost) {
  for (const char* name : {"a", "b", "c"})
    api_.create(kWidgets, widget(name));
  pump_all();
  told();
  client_.hold_watches();
  api_.remove(kWidgets, {"lab", "a"});
  resize("b", 9);
  api_.create(kWidgets, widget("d"));
  api_.store().compact(api_.store().revision());
  client_.release_watches();
  pump_all();
  EXPECT_EQ(told(), (Lines{"-la", "~lb", "+ld"})) << "the unchanged c is not told";
  EXPECT_EQ(client_.calls("list"), 2);
}

TEST_F(InformerTest, A_relist_tells_delete_and_add_for_an_object_made_again_under_its_name) {
  api_.create(kWidgets, widget("a"));
  pump_all();
  told();
  client_.hold_watches();
  api_.remove(kWidgets, {"lab", "a"});
  api_.create(kWidgets, widget("a"));
  client_.break_watches({Code::Expired, "too old"});
  client_.release_watches();
  pump_all();
  EXPECT_EQ(told(), (Lines{"-la", "+la"}));
}

TEST_F(InformerTest, A_broken_watch_resumes_after_a_back_off_without_listing_or_gap) {
  api_.create(kWidgets, widget("a"));
  pump_all();
  told();
  client_.break_watches({Code::ServiceUnavailable, "gone away"});
  api_.create(kWidgets, widget("b"));
  pump_all();
  EXPECT_TRUE(told().empty());
  ASSERT_TRUE(informer_.next_due());
  api_.clock().advance(*informer_.next_due() - api_.clock().monotonic());
  pump_all();
  EXPECT_EQ(told(), (Lines{"+b"}));
  EXPECT_EQ(client_.calls("list"), 1);
}

TEST_F(InformerTest, A_failing_list_is_tried_again_with_growing_back_off) {
  for (int i = 0; i < 3; ++i)
    client_.fail_next("list", {Code::ServiceUnavailable, "no"});
  Duration expected = limits::kInformerBackoffMin;
  for (int i = 0; i < 3; ++i) {
    pump_all();
    EXPECT_FALSE(informer_.synced());
    const Duration delay = *informer_.next_due() - api_.clock().monotonic();
    EXPECT_GE(delay, expected);
    EXPECT_LE(delay, expected + expected / 4);
    expected *= 2;
    api_.clock().advance(delay);
  }
  pump_all();
  EXPECT_TRUE(informer_.synced());
  EXPECT_EQ(informer_.next_due(), std::nullopt);
}

TEST_F(InformerTest, Indexes_follow_changes_and_deletions) {
  informer_.add_index("team", index_by_label("team"));
  auto owner = api_.create(kConfigMaps, {{"apiVersion", "v1"},
                                         {"kind", "ConfigMap"},
                                         {"metadata", {{"name", "o"}, {"namespace", "lab"}}}});
  Json a = widget("a");
  a["metadata"]["labels"]["team"] = "red";
  a["metadata"]["ownerReferences"] = Json::array({test::owner_reference(*owner)});
  api_.create(kWidgets, a);
  pump_all();
  EXPECT_EQ(informer_.list_by("team", "red").size(), 1U);
  EXPECT_EQ(informer_.list_by(kOwnerIndex, owner->header().uid).size(), 1U);
  Json next = api_.get(kWidgets, {"lab", "a"})->tree();
  next["metadata"]["labels"]["team"] = "blue";
  ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  pump_all();
  EXPECT_TRUE(informer_.list_by("team", "red").empty());
  ASSERT_EQ(informer_.list_by("team", "blue").size(), 1U);
  informer_.add_index("late", index_by_label("team"));
  EXPECT_EQ(informer_.list_by("late", "blue").size(), 1U);
  api_.remove(kWidgets, {"lab", "a"});
  pump_all();
  EXPECT_TRUE(informer_.list_by("team", "blue").empty());
  EXPECT_TRUE(informer_.list_by(kOwnerIndex, owner->header().uid).empty());
}

TEST_F(InformerTest, A_late_handler_hears_of_what_is_already_there) {
  api_.create(kWidgets, widget("a"));
  pump_all();
  Lines late;
  const int id = informer_.add_handler(
      [&](const ObjectChange& change) { late.push_back(change.newest().header().name); });
  EXPECT_EQ(late, (Lines{"a"}));
  informer_.remove_handler(id);
  api_.create(kWidgets, widget("b"));
  pump_all();
  EXPECT_EQ(late, (Lines{"a"}));
}

TEST(CachesTest, Answer_as_a_view_in_order_and_forget_released_resources) {
  test::LocalApi api;
  auto client = api.client();
  Caches caches(*client, api.clock(), api.metrics());
  caches.require(kWidgets);
  caches.require(kWidgets);
  for (const char* name : {"b", "a", "c"})
    api.create(kWidgets, widget(name));
  while (caches.pump()) {
  }
  std::string names;
  caches.scan("test.dev/widgets", "lab", [&](const ObjectPtr& object) {
    names += object->header().name;
    return object->header().name != "b";
  });
  EXPECT_EQ(names, "ab");
  EXPECT_NE(caches.get("test.dev/widgets", {"lab", "c"}), nullptr);
  EXPECT_EQ(caches.get("test.dev/widgets", {"other", "c"}), nullptr);
  EXPECT_EQ(caches.get("/secrets", {"lab", "c"}), nullptr);
  caches.release(kWidgets);
  EXPECT_NE(caches.find("test.dev/widgets"), nullptr);
  caches.release(kWidgets);
  EXPECT_EQ(caches.find("test.dev/widgets"), nullptr);
}

}  // namespace
}  // namespace charter
