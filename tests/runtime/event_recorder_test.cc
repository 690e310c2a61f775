#include "controller/runtime/event_recorder.h"

#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using test::kEvents;
using test::kWidgets;
using test::widget;
using Type = EventRecorder::Type;

/// A recorder over a real API.
class EventRecorderTest : public ::testing::Test {
 protected:
  void record(const std::string& reason, const std::string& message) {
    recorder_.record(about_->tree(), Type::Normal, "charter-widget", reason, message);
  }
  void flush() {
    while (recorder_.pump()) {
    }
  }
  std::vector<Json> events() {
    std::vector<Json> all;
    const auto list = api_.client()->list(kEvents, {"lab", "", ""});
    for (const ObjectPtr& event : list->objects)
      all.push_back(event->tree());
    return all;
  }

  test::LocalApi api_;
  ObjectPtr about_ = api_.create(kWidgets, widget("a"));
  std::shared_ptr<test::FaultyClient> client_ = std::make_shared<test::FaultyClient>(api_.client());
  EventRecorder recorder_{client_, api_.clock(), api_.metrics()};
};

TEST_F(EventRecorderTest, Equal_events_become_one_with_a_count_also_after_a_restart) {
  record("Started", "it runs");
  flush();
  api_.clock().advance(std::chrono::minutes(5));
  record("Started", "it runs");
  flush();
  EventRecorder restarted(client_, api_.clock(), api_.metrics());
  restarted.record(about_->tree(), Type::Normal, "charter-widget", "Started", "it runs");
  ASSERT_TRUE(restarted.pump());
  ASSERT_EQ(events().size(), 1U);
  const Json event = events()[0];
  EXPECT_EQ(event["count"], 3);
  EXPECT_EQ(event["firstTimestamp"], "2026-06-01T00:00:00Z");
  EXPECT_EQ(event["lastTimestamp"], "2026-06-01T00:05:00Z");
  EXPECT_EQ(event["involvedObject"]["kind"], "Widget");
  EXPECT_EQ(event["involvedObject"]["uid"], about_->header().uid);
  EXPECT_EQ(event["source"]["component"], "charter-widget");
  EXPECT_EQ(text_at(event, {"metadata", "name"}).substr(0, 2), "a.");
}

TEST_F(EventRecorderTest, Different_reasons_messages_and_types_are_different_events) {
  record("Started", "one");
  record("Started", "two");
  record("Stopped", "one");
  recorder_.record(about_->tree(), Type::Warning, "charter-widget", "Started", "one");
  flush();
  EXPECT_EQ(events().size(), 4U);
}

TEST_F(EventRecorderTest, Too_many_different_messages_are_combined) {
  for (size_t i = 0; i < limits::kEventsPerObjectMax + 30; ++i)
    record("Failed", "try " + std::to_string(i));
  flush();
  EXPECT_EQ(events().size(), limits::kEventsPerObjectMax + 1);
  int combined = 0;
  for (const Json& event : events()) {
    if (text_at(event, {"message"}).starts_with("(combined from similar events): "))
      combined = event["count"].get<int>();
  }
  EXPECT_EQ(combined, 30);
}

TEST_F(EventRecorderTest, A_failing_api_is_tried_again_later_and_then_the_event_is_dropped) {
  for (int i = 0; i < 2; ++i)
    client_->fail_next("create", {Code::ServiceUnavailable, "away"});
  record("Started", "x");
  for (int i = 0; i < limits::kEventAttemptsMax; ++i) {
    flush();
    if (auto due = recorder_.next_due()) api_.clock().advance(*due - api_.clock().monotonic());
  }
  EXPECT_EQ(events().size(), 1U) << "the third attempt went through";
  for (int i = 0; i < limits::kEventAttemptsMax; ++i)
    client_->fail_next("create", {Code::ServiceUnavailable, "away"});
  record("Stopped", "x");
  while (auto due = recorder_.next_due()) {
    flush();
    api_.clock().advance(std::chrono::seconds(1));
  }
  EXPECT_EQ(events().size(), 1U);
  EXPECT_NE(api_.metrics().expose().find("events_dropped_total 1"), std::string::npos);
}

TEST_F(EventRecorderTest, Waiting_events_are_bounded_and_messages_are_cut) {
  for (size_t i = 0; i < limits::kEventQueueMax + 5; ++i)
    record("Many", "m");
  EXPECT_EQ(recorder_.waiting(), limits::kEventQueueMax);
  EventRecorder other(client_, api_.clock(), api_.metrics());
  other.record(about_->tree(), Type::Normal, "c", "Long", std::string(5'000, 'x'));
  ASSERT_TRUE(other.pump());
  EXPECT_EQ(text_at(events()[0], {"message"}).size(), limits::kEventMessageBytesMax);
}

TEST_F(EventRecorderTest, The_longest_object_name_still_gives_a_legal_event_name) {
  about_ = api_.create(kWidgets, widget(std::string(limits::kNameBytesMax, 'n')));
  record("Started", "x");
  flush();
  ASSERT_EQ(events().size(), 1U);
  EXPECT_EQ(text_at(events()[0], {"metadata", "name"}).size(), limits::kNameBytesMax);
}

}  // namespace
}  // namespace charter
