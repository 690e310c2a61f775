#include "controller/api/scale.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

const std::string kScale = kWidgetsPath + "/a/scale";

Json scale_body(const Json& replicas) {
  return {{"kind", "Scale"}, {"apiVersion", "autoscaling/v1"}, {"metadata", {{"name", "a"}}}, {"spec", {{"replicas", replicas}}}};
}

/// Widget "a" with two replicas wanted and one seen.
class ScaleTest : public testing::Test {
 protected:
  ScaleTest() {
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 3}, {"replicas", 2}})).status, 201);
    EXPECT_EQ(api_.merge(kWidgetsPath + "/a/status", {{"status", {{"replicas", 1}, {"selector", "app=x"}}}}).status, 200);
  }
  Json widget() { return api_.get(kWidgetsPath + "/a").json(); }
  ServedApi api_;
};

TEST_F(ScaleTest, Shows_the_paths_of_the_definition) {
  const Json scale = api_.get(kScale).json();
  EXPECT_EQ(scale["kind"], "Scale");
  EXPECT_EQ(scale["apiVersion"], "autoscaling/v1");
  EXPECT_EQ(scale["spec"], Json({{"replicas", 2}}));
  EXPECT_EQ(scale["status"], Json({{"replicas", 1}, {"selector", "app=x"}}));
  EXPECT_EQ(scale["metadata"]["uid"], widget()["metadata"]["uid"]);
  EXPECT_EQ(scale["metadata"]["resourceVersion"], widget()["metadata"]["resourceVersion"]);
  EXPECT_FALSE(scale["metadata"].contains("managedFields"));
}

TEST_F(ScaleTest, Put_needs_no_version_and_raises_the_generation) {
  const Answer answer = api_.put(kScale, scale_body(5));
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["spec"]["replicas"], 5);
  const Json now = widget();
  EXPECT_EQ(now["spec"]["replicas"], 5);
  EXPECT_EQ(now["spec"]["size"], 3);
  EXPECT_EQ(now["metadata"]["generation"], 2);
  bool tracked = false;
  for (const Json& entry : now["metadata"]["managedFields"]) tracked |= entry.value("subresource", "") == "scale";
  EXPECT_TRUE(tracked);
}

TEST_F(ScaleTest, Put_with_an_old_version_conflicts) {
  Json body = scale_body(5);
  body["metadata"]["resourceVersion"] = "1";
  const Answer answer = api_.put(kScale, body);
  EXPECT_EQ(answer.status, 409) << answer.body;
  EXPECT_EQ(answer.reason(), "Conflict");
  EXPECT_EQ(widget()["spec"]["replicas"], 2);
}

TEST_F(ScaleTest, Patches_change_only_replicas) {
  EXPECT_EQ(api_.merge(kScale, {{"spec", {{"replicas", 7}}}}).json()["spec"]["replicas"], 7);
  EXPECT_EQ(api_.json_patch(kScale, {{{"op", "replace"}, {"path", "/spec/replicas"}, {"value", 8}}}).status, 200);
  EXPECT_EQ(widget()["spec"]["replicas"], 8);
  EXPECT_EQ(api_.merge(kScale, {{"metadata", {{"labels", {{"a", "b"}}}}}}).status, 200);
  EXPECT_FALSE(widget()["metadata"].contains("labels"));
}

TEST_F(ScaleTest, Refuses_numbers_that_are_no_count) {
  for (const Json& replicas : {Json(-1), Json(1.5), Json("many"), Json(2'147'483'648), Json(nullptr)}) {
    const Json before = widget();
    const Answer answer = api_.put(kScale, scale_body(replicas));
    EXPECT_EQ(answer.status, 422) << replicas << answer.body;
    EXPECT_NE(answer.message().find("spec.replicas"), std::string::npos) << answer.body;
    EXPECT_EQ(widget(), before);
  }
}

TEST_F(ScaleTest, Refuses_another_kind_and_another_type) {
  const Answer wrong = api_.put(kScale, shop_widget("a"));
  EXPECT_EQ(wrong.status, 400);
  EXPECT_NE(wrong.message().find("does not match the expected API version (autoscaling/v1)"), std::string::npos);
  EXPECT_EQ(api_.get("/apis/shop.dev/v1/racks/a/scale").status, 404);
  EXPECT_EQ(api_.get(kWidgetsPath + "/none/scale").status, 404);
}

}  // namespace
}  // namespace charter::test
