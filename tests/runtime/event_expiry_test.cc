#include "controller/runtime/event_expiry.h"

#include "controller/base/limits.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using namespace std::chrono_literals;
using test::kEvents;
using test::kWidgets;
using test::widget;

/// A manager that only records and expires Events.
class EventExpiryTest : public ::testing::Test {
 protected:
  EventExpiryTest() { start(); }
  void start() {
    manager_.reset();
    manager_ = std::make_unique<Manager>(api_.manager_parts());
    add_event_expiry(*manager_);
    settle();
  }
  void settle() { ASSERT_TRUE(manager_->settle(100'000).quiet); }
  void record(const std::string& message) {
    manager_->events().record(about_->tree(), EventRecorder::Type::Normal, "charter-widget",
                              "Started", message);
    settle();
  }
  void advance(Duration by) {
    api_.clock().advance(by);
    settle();
  }
  size_t events() { return api_.count(kEvents); }

  test::LocalApi api_;
  ObjectPtr about_ = api_.create(kWidgets, widget("a"));
  std::unique_ptr<Manager> manager_;
};

TEST_F(EventExpiryTest, An_event_is_removed_when_its_lifetime_is_over_and_not_before) {
  record("it runs");
  advance(limits::kEventLifetime - 1s);
  EXPECT_EQ(events(), 1U);
  advance(1s);
  EXPECT_EQ(events(), 0U);
}

TEST_F(EventExpiryTest, The_deletion_is_due_at_a_known_time_so_nothing_is_polled) {
  record("it runs");
  EXPECT_EQ(*manager_->next_due() - api_.clock().monotonic(), Duration(limits::kEventLifetime));
}

TEST_F(EventExpiryTest, A_repeat_makes_an_event_live_on) {
  record("it runs");
  advance(limits::kEventLifetime - 1min);
  record("it runs");
  advance(limits::kEventLifetime - 1min);
  EXPECT_EQ(events(), 1U);
  advance(1min);
  EXPECT_EQ(events(), 0U);
}

TEST_F(EventExpiryTest, Old_events_are_removed_after_a_restart_and_young_ones_stay) {
  record("old");
  advance(30min);
  record("young");
  manager_.reset();
  api_.clock().advance(45min);
  start();
  ASSERT_EQ(events(), 1U);
  EXPECT_EQ(api_.client()->list(kEvents, {})->objects[0]->tree()["message"], "young");
}

TEST_F(EventExpiryTest, A_store_without_old_events_is_not_written_to) {
  record("it runs");
  const auto before = api_.store().stats().commits;
  advance(limits::kEventLifetime / 2);
  start();
  EXPECT_EQ(api_.store().stats().commits, before);
}

}  // namespace
}  // namespace charter
