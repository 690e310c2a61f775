#include "controller/object/conditions.h"

#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

const Instant kMorning = *parse_time("2026-06-01T08:00:00Z");
const Instant kNoon = *parse_time("2026-06-01T12:00:00Z");

TEST(Conditions, A_new_condition_is_appended_with_its_time) {
  Json status;
  EXPECT_TRUE(set_condition(status, {"Ready", "False", "Starting", "booting", 2}, kMorning));
  EXPECT_EQ(encode(status),
            R"({"conditions":[{"lastTransitionTime":"2026-06-01T08:00:00Z","message":"booting",)"
            R"("observedGeneration":2,"reason":"Starting","status":"False","type":"Ready"}]})");
}

TEST(Conditions, The_same_condition_again_changes_nothing) {
  Json status;
  const Condition ready{"Ready", "True", "Running", "", 1};
  set_condition(status, ready, kMorning);
  const Json before = status;
  EXPECT_FALSE(set_condition(status, ready, kNoon));
  EXPECT_EQ(status, before);
}

TEST(Conditions, The_transition_time_moves_only_with_the_status) {
  Json status;
  set_condition(status, {"Ready", "False", "Starting", "a", 1}, kMorning);
  EXPECT_TRUE(set_condition(status, {"Ready", "False", "Waiting", "b", 2}, kNoon));
  EXPECT_EQ(status["conditions"][0]["lastTransitionTime"], "2026-06-01T08:00:00Z");
  EXPECT_TRUE(set_condition(status, {"Ready", "True", "Running", "b", 2}, kNoon));
  EXPECT_EQ(status["conditions"][0]["lastTransitionTime"], "2026-06-01T12:00:00Z");
}

TEST(Conditions, Order_of_first_appearance_is_kept) {
  Json status;
  set_condition(status, {"Ready", "False", "A", "", 0}, kMorning);
  set_condition(status, {"Synced", "True", "B", "", 0}, kMorning);
  set_condition(status, {"Ready", "True", "C", "", 0}, kNoon);
  ASSERT_EQ(status["conditions"].size(), 2U);
  EXPECT_EQ(status["conditions"][0]["type"], "Ready");
  EXPECT_TRUE(remove_condition(status, "Ready"));
  EXPECT_FALSE(remove_condition(status, "Ready"));
  EXPECT_EQ(status["conditions"].size(), 1U);
  EXPECT_EQ(status["conditions"][0]["type"], "Synced");
}

TEST(Conditions, A_long_message_is_cut_at_a_character) {
  Json status;
  // 1023 bytes and a character of two: the cut must not leave half of it.
  const std::string message =
      std::string(limits::kConditionMessageBytesMax - 1, 'x') + "\u00e4 tail";
  set_condition(status, {"Ready", "False", "A", message, 0}, kMorning);
  EXPECT_EQ(status["conditions"][0]["message"], std::string(1023, 'x'));
  EXPECT_FALSE(set_condition(status, {"Ready", "False", "A", message, 0}, kNoon));
}

TEST(Conditions, A_list_of_the_wrong_type_is_replaced) {
  Json status = {{"conditions", "none"}, {"phase", "x"}};
  EXPECT_TRUE(set_condition(status, {"Ready", "True", "A", "", 0}, kMorning));
  EXPECT_EQ(status["conditions"].size(), 1U);
  EXPECT_EQ(status["phase"], "x");
  EXPECT_FALSE(status["conditions"][0].contains("observedGeneration"));
}

TEST(Conditions, They_are_found_by_type) {
  Json object = {{"status", Json::object()}};
  EXPECT_EQ(find_condition(object, "Ready"), std::nullopt);
  const Condition ready{"Ready", "True", "Running", "ok", 5};
  set_condition(object["status"], ready, kMorning);
  EXPECT_EQ(find_condition(object, "Ready"), ready);
  EXPECT_EQ(find_condition(object, "Synced"), std::nullopt);
  EXPECT_TRUE(condition_is_true(object, "Ready"));
  EXPECT_FALSE(condition_is_true(object, "Synced"));
  set_condition(object["status"], {"Ready", "Unknown", "Lost", "", 5}, kNoon);
  EXPECT_FALSE(condition_is_true(object, "Ready"));
  EXPECT_FALSE(condition_is_true(Json{{"status", {{"conditions", {{"Ready", "True"}}}}}}, "Ready"));
}

}  // namespace
}  // namespace charter
