#include "controller/object/merge_diff.h"

#include "controller/object/patch.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json json(const char* text) {
  return Json::parse(text);
}

TEST(MergeDiff, AddsAndChangesWhatTheDocumentSays) {
  EXPECT_EQ(three_way_merge_patch(json("{}"), json(R"({"spec":{"a":2,"b":3}})"),
                                  json(R"({"spec":{"a":1}})")),
            json(R"({"spec":{"a":2,"b":3}})"));
}

TEST(MergeDiff, RemovesOnlyWhatWasAppliedBefore) {
  const Json patch =
      three_way_merge_patch(json(R"({"spec":{"a":1,"b":2}})"), json(R"({"spec":{"a":1}})"),
                            json(R"({"spec":{"a":1,"b":2,"others":3}})"));
  EXPECT_EQ(patch, json(R"({"spec":{"b":null}})"));
}

TEST(MergeDiff, LeavesAloneWhatIsGoneAlready) {
  EXPECT_EQ(three_way_merge_patch(json(R"({"b":2})"), json("{}"), json("{}")), json("{}"));
}

TEST(MergeDiff, IsEmptyWhenNothingHasToChange) {
  const Json live = json(R"({"spec":{"list":[{"a":1}],"x":"y"},"status":{"z":1}})");
  EXPECT_EQ(three_way_merge_patch(json("{}"), json(R"({"spec":{"list":[{"a":1}]}})"), live),
            json("{}"));
}

TEST(MergeDiff, AppliedGivesTheDocumentOverTheLiveObject) {
  const Json live = json(R"({"spec":{"list":[1,2],"deep":{"k":"v","mine":1},"gone":{"x":1}}})");
  const Json original = json(R"({"spec":{"list":[1],"gone":{"x":1}}})");
  const Json wanted = json(R"({"spec":{"list":[3],"deep":{"k":"w"}}})");
  EXPECT_EQ(*apply_merge_patch(live, three_way_merge_patch(original, wanted, live)),
            json(R"({"spec":{"list":[3],"deep":{"k":"w","mine":1}}})"));
}

}  // namespace
}  // namespace charter
