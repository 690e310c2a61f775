#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// x-kubernetes-validations through the API: what is refused, what is told, and who is asked.
namespace charter::test {
namespace {

class ValidationRules : public testing::Test {
 protected:
  // Puts rules on widgets' spec and on one property of it.
  Answer define(const Json& spec_rules, const Json& color_rules = Json::array()) {
    Json body = api_.get(kDefinition).json();
    Json& spec = body["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    spec["x-kubernetes-validations"] = spec_rules;
    spec["properties"]["color"]["x-kubernetes-validations"] = color_rules;
    return api_.put(kDefinition, body);
  }
  static Json rule(const std::string& text, const std::string& message = "no") {
    return {{"rule", text}, {"message", message}};
  }

  const std::string kDefinition = kDefinitionsPath + "/widgets.shop.dev";
  ServedApi api_;
};

TEST_F(ValidationRules, A_write_that_breaks_a_rule_is_refused_with_its_message) {
  ASSERT_EQ(define(Json::array({rule("self.size < 5", "too large")})).status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 4}})).status, 201);
  const Answer refused = api_.post(kWidgetsPath, shop_widget("b", {{"size", 7}}));
  ASSERT_EQ(refused.status, 422) << refused.body;
  const Json body = refused.json();
  EXPECT_EQ(body["message"],
            "Widget.shop.dev \"b\" is invalid: spec: Invalid value: too large");
  EXPECT_EQ(body["details"]["causes"][0]["reason"], "FieldValueInvalid");
  EXPECT_EQ(body["details"]["causes"][0]["field"], "spec");
  EXPECT_TRUE(refused.warnings().empty());
  EXPECT_EQ(api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 6}}}}).status, 422);
  EXPECT_EQ(api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 3}}}}).status, 200);
}

TEST_F(ValidationRules, A_definition_whose_rule_does_not_compile_is_refused) {
  const Answer refused = define(Json::array({rule("self.nothing == 1")}));
  ASSERT_EQ(refused.status, 422) << refused.body;
  const Json cause = refused.json()["details"]["causes"][0];
  EXPECT_EQ(cause["field"],
            "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule");
  EXPECT_NE(cause["message"].get<std::string>().find(
                "compilation failed: ERROR: <input>:1:5: undefined field 'nothing'\n | "
                "self.nothing == 1\n | ....^"),
            std::string::npos)
      << cause;
}

TEST_F(ValidationRules, Old_values_are_seen_by_updates_and_stored_faults_are_only_told) {
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 3}})).status, 201);
  const Json color = Json::array({rule("self != 'red'", "red is out")});
  ASSERT_EQ(define(Json::array({rule("self.size >= oldSelf.size", "shrinks")}), color).status, 200);
  // The color of `a` is the default, red, since before the rule was made.
  const Answer grown = api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 4}}}});
  ASSERT_EQ(grown.status, 200) << grown.body;
  ASSERT_EQ(grown.warnings().size(), 1u);
  EXPECT_NE(grown.warnings()[0].find("spec.color: Invalid value: \\\"red\\\": red is out"),
            std::string::npos)
      << grown.warnings()[0];
  const Answer shrunk = api_.merge(kWidgetsPath + "/a", {{"spec", {{"size", 2}}}});
  ASSERT_EQ(shrunk.status, 422) << shrunk.body;
  EXPECT_EQ(shrunk.json()["details"]["causes"][0]["message"], "Invalid value: shrinks");
}

TEST_F(ValidationRules, An_object_of_the_wrong_shape_is_not_judged_and_told_so) {
  ASSERT_EQ(define(Json::array({rule("self.size < 5")})).status, 200);
  const Answer refused = api_.post(kWidgetsPath, shop_widget("a", {{"size", "x"}}));
  ASSERT_EQ(refused.status, 422);
  const Json causes = refused.json()["details"]["causes"];
  ASSERT_EQ(causes.size(), 2u) << causes;
  EXPECT_EQ(causes[1]["field"], "<nil>");
}

TEST_F(ValidationRules, A_new_definition_brings_its_own_rules) {
  ASSERT_EQ(define(Json::array({rule("self.size < 5")})).status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 6}})).status, 422);
  ASSERT_EQ(define(Json::array({rule("self.size < 7")})).status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 6}})).status, 201);
  ASSERT_EQ(define(Json::array()).status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("b", {{"size", 9}})).status, 201);
}

}  // namespace
}  // namespace charter::test
