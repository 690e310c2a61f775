#include "controller/runtime/namespace_cleaner.h"

#include "controller/object/conditions.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using test::kNamespaces;
using test::kWidgets;
using test::widget;

/// A World with a cleaner.
class NamespaceCleanerTest : public ::testing::Test {
 protected:
  void settle() { ASSERT_TRUE(manager_.settle(200'000).quiet); }
  ObjectPtr lab() { return api_.get(kNamespaces, {"", "lab"}); }
  void expect_condition(const char* type, const char* status, const std::string& message) {
    auto condition = find_condition(lab()->tree(), type);
    ASSERT_TRUE(condition) << type;
    EXPECT_EQ(condition->status, status) << type;
    EXPECT_EQ(condition->message, message);
  }

  test::LocalApi api_;
  std::vector<std::shared_ptr<test::FaultyClient>> clients_;
  Manager manager_{
      api_.manager_parts([this](std::shared_ptr<Client> inner) -> std::shared_ptr<Client> {
        clients_.push_back(std::make_shared<test::FaultyClient>(std::move(inner)));
        return clients_.back();
      })};
  NamespaceCleaner cleaner_{manager_};
};

TEST_F(NamespaceCleanerTest, A_deleted_namespace_loses_its_content_and_then_goes) {
  cleaner_.set_resources(api_.served());
  for (int i = 0; i < 20; ++i)
    api_.create(kWidgets, widget("w" + std::to_string(i)));
  api_.create(kWidgets, widget("elsewhere", "default"));
  settle();
  EXPECT_EQ(api_.count(kWidgets), 21U) << "a living namespace is left alone";
  api_.remove(kNamespaces, {"", "lab"});
  settle();
  EXPECT_FALSE(lab());
  EXPECT_EQ(api_.count(kWidgets), 1U);
}

TEST_F(NamespaceCleanerTest, What_holds_the_namespace_is_named_in_kubes_words_until_it_is_gone) {
  cleaner_.set_resources(api_.served());
  Json held = widget("held");
  held["metadata"]["finalizers"] = {"test.dev/hold"};
  api_.create(kWidgets, held);
  api_.remove(kNamespaces, {"", "lab"});
  settle();
  ASSERT_TRUE(lab());
  EXPECT_EQ(text_at(lab()->tree(), {"status", "phase"}), "Terminating");
  expect_condition("NamespaceContentRemaining", "True",
                   "Some resources are remaining: widgets.test.dev has 1 resource instances");
  expect_condition("NamespaceFinalizersRemaining", "True",
                   "Some content in the namespace has finalizers remaining: test.dev/hold in 1 "
                   "resource instances");
  expect_condition("NamespaceDeletionContentFailure", "False",
                   "All content successfully deleted, may be waiting on finalization");
  const int64_t before = api_.store().revision();
  api_.clock().advance(limits::kNamespacePoll);
  settle();
  EXPECT_EQ(api_.store().revision(), before) << "waiting writes nothing";
  Json next = api_.get(kWidgets, {"lab", "held"})->tree();
  next["metadata"]["finalizers"] = Json::array();
  ASSERT_TRUE(api_.client()->update(kWidgets, next, Part::Main));
  settle();
  EXPECT_FALSE(lab()) << "the last object's end is an event, no poll is needed";
}

TEST_F(NamespaceCleanerTest, A_failing_list_is_reported_and_keeps_the_namespace) {
  cleaner_.set_resources(api_.served());
  settle();
  api_.remove(kNamespaces, {"", "lab"});
  for (int i = 0; i < 50; ++i)
    clients_.back()->fail_next("list", {Code::ServiceUnavailable, "away"});
  settle();
  ASSERT_TRUE(lab());
  auto condition = find_condition(lab()->tree(), "NamespaceDeletionDiscoveryFailure");
  ASSERT_TRUE(condition);
  EXPECT_EQ(condition->status, "True");
  EXPECT_EQ(condition->reason, "DiscoveryFailed");
  for (int i = 0; lab() && i < 20; ++i) {
    api_.clock().advance(limits::kNamespacePoll);
    settle();
  }
  EXPECT_FALSE(lab());
}

TEST_F(NamespaceCleanerTest, Nothing_is_finished_before_the_resources_are_known) {
  api_.create(kWidgets, widget("a"));
  api_.remove(kNamespaces, {"", "lab"});
  settle();
  EXPECT_TRUE(lab());
  EXPECT_EQ(api_.count(kWidgets), 1U);
  cleaner_.set_resources(api_.served());
  settle();
  EXPECT_FALSE(lab());
}

}  // namespace
}  // namespace charter
