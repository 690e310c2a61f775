#include "controller/webhooks/webhooks.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

// matchConditions of users' admission webhooks, from the configuration to who is asked.
namespace charter::test {
namespace {

constexpr const char* kWidgets = "/apis/shop.dev/v1/namespaces/lab/widgets";
constexpr const char* kValidating =
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

/// A webhook that allows everything, and counts.
class Counter final : public WebhookClient {
 public:
  Result<Json> post(const WebhookTarget&, const Json& review, Duration) override {
    ++asked;
    return Json{{"apiVersion", "admission.k8s.io/v1"},
                {"kind", "AdmissionReview"},
                {"response", {{"uid", review.at("request").at("uid")}, {"allowed", true}}}};
  }
  int asked = 0;
};

Json configuration(const std::vector<std::string>& expressions, const char* policy) {
  Json conditions = Json::array();
  for (const std::string& expression : expressions)
    conditions.push_back(
        {{"name", "c" + std::to_string(conditions.size())}, {"expression", expression}});
  const Json rules = {{{"operations", {"*"}},
                       {"apiGroups", {"shop.dev"}},
                       {"apiVersions", {"v1"}},
                       {"resources", {"widgets"}}}};
  const Json webhook = {{"name", "w.acme.example"},
                        {"clientConfig", {{"url", "https://hooks.example/w"}}},
                        {"rules", rules},
                        {"sideEffects", "None"},
                        {"admissionReviewVersions", {"v1"}},
                        {"failurePolicy", policy},
                        {"matchConditions", conditions}};
  return {{"apiVersion", "admissionregistration.k8s.io/v1"},
          {"kind", "ValidatingWebhookConfiguration"},
          {"metadata", {{"name", "policy"}}},
          {"webhooks", Json::array({webhook})}};
}

class WebhookConditionsTest : public ::testing::Test {
 protected:
  void configure(const std::vector<std::string>& expressions, const char* policy = "Fail") {
    api_.remove(std::string(kValidating) + "/policy");
    const Answer made = api_.post(kValidating, configuration(expressions, policy));
    ASSERT_EQ(made.status, 201) << made.body;
    webhook_.asked = 0;
  }
  Answer create(const std::string& name, int size) {
    return api_.post(kWidgets, {{"apiVersion", "shop.dev/v1"},
                                {"kind", "Widget"},
                                {"metadata", {{"name", name}}},
                                {"spec", {{"size", size}}}});
  }

  Counter webhook_;
  ServedApi api_{nullptr, &webhook_};
};

TEST_F(WebhookConditionsTest, A_write_for_which_they_do_not_hold_is_stored_without_a_call) {
  configure({"request.operation != 'DELETE'", "object.spec.size > 2"});
  EXPECT_EQ(create("small", 1).status, 201);
  EXPECT_EQ(webhook_.asked, 0);
  EXPECT_EQ(create("large", 3).status, 201);
  EXPECT_EQ(webhook_.asked, 1);
  EXPECT_EQ(api_.remove(std::string(kWidgets) + "/large").status, 200) << "object is null";
  EXPECT_EQ(webhook_.asked, 1);
}

TEST_F(WebhookConditionsTest, What_cannot_be_evaluated_refuses_the_write_or_skips_the_webhook) {
  configure({"object.spec.absent == 1"});
  const Answer refused = create("a", 1);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(),
            "widgets.shop.dev \"a\" is forbidden: expression 'object.spec.absent == 1' resulted in "
            "error: no such key: absent");
  configure({"object.spec.absent == 1"}, "Ignore");
  EXPECT_EQ(create("a", 1).status, 201);
  configure({"object.spec.absent == 1", "false"});
  EXPECT_EQ(create("b", 1).status, 201);
  EXPECT_EQ(webhook_.asked, 0);
}

TEST_F(WebhookConditionsTest, They_are_asked_what_the_writer_may_do) {
  configure({"!authorizer.requestResource.check('exempt').allowed()"});
  EXPECT_EQ(create("a", 1).status, 201) << "an administrator may do everything";
  EXPECT_EQ(webhook_.asked, 0);
  configure(
      {"authorizer.serviceAccount('lab', 'robot').group('shop.dev').resource('widgets')"
       ".namespace('lab').check('create').allowed()"});
  EXPECT_EQ(create("b", 1).status, 201);
  EXPECT_EQ(webhook_.asked, 0) << "nobody gave the robot anything";
}

TEST_F(WebhookConditionsTest, A_configuration_with_a_wrong_one_is_refused_at_its_place) {
  const Answer refused = api_.post(kValidating, configuration({"true", "object.size"}, "Fail"));
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("\"field\":\"webhooks[0].matchConditions[1].expression\""),
            std::string::npos)
      << refused.body;
  EXPECT_NE(refused.message().find("must evaluate to bool but got dyn"), std::string::npos)
      << refused.message();
}

}  // namespace
}  // namespace charter::test
