#include "controller/webhooks/admission_service.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

// A kind "Box" of shop.dev: its rules are lambdas, its views maps.
namespace charter {
namespace {

const char* kBoxes = R"yaml(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boxes.shop.dev}
spec:
  group: shop.dev
  scope: Namespaced
  names: {plural: boxes, kind: Box}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer}}}
          status: {type: object, properties: {size: {type: integer}}}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}
)yaml";

class Shelf final : public View {
 public:
  std::map<ObjectName, ObjectPtr> boxes;
  ObjectPtr get(std::string_view, const ObjectName& name) const override {
    const auto found = boxes.find(name);
    return found == boxes.end() ? nullptr : found->second;
  }
  void scan(std::string_view, std::string_view,
            const std::function<bool(const ObjectPtr&)>& visit) const override {
    for (const auto& [name, box] : boxes) {
      if (!visit(box)) return;
    }
  }
};

Json box(int size) {
  return {{"apiVersion", "shop.dev/v1"},
          {"kind", "Box"},
          {"metadata", {{"namespace", "lab"}, {"name", "b"}}},
          {"spec", {{"size", size}}}};
}

class AdmissionServiceTest : public testing::Test {
 protected:
  AdmissionServiceTest() {
    EXPECT_TRUE(kinds_.define(*parse_yaml(kBoxes), KindRegistry::Origin::Definition));
    service_.emplace(AdmissionService{
        kinds_, hooks_, clock_, cached_,
        [this](const AdmissionService::Judge& judge) -> Status {
          ++live_looks_;
          if (live_failure_) return *live_failure_;
          return judge(live_);
        },
        [this](const AccessQuestion& question) -> Result<bool> {
          asked_.push_back(question.caller.user + " " + question.verb + " " +
                           to_string(question.name));
          return question.caller.user == "boss";
        },
        [this](const AdmissionService::Claim& claim, const AdmissionService::Judge& judge) {
          claims_.push_back(claim);
          return judge(live_);
        },
        [](std::string_view, const Json& object) {
          return Pairs{{"size", encode(object["spec"]["size"])}};
        }});
  }
  KindHooks& rules() { return hooks_["shop.dev/boxes"]; }
  static Json review(const std::string& operation, const Json* object, const Json* before,
                     const std::string& subresource = {}) {
    Json request = {{"uid", "r-1"},
                    {"resource", {{"group", "shop.dev"}, {"version", "v1"}, {"resource", "boxes"}}},
                    {"subResource", subresource},
                    {"operation", operation},
                    {"namespace", "lab"},
                    {"name", "b"},
                    {"userInfo", {{"username", "jo"}, {"groups", {"staff", "all"}}}}};
    if (object != nullptr) request["object"] = *object;
    if (before != nullptr) request["oldObject"] = *before;
    return {{"apiVersion", "admission.k8s.io/v1"}, {"kind", "AdmissionReview"}, {"request", request}};
  }
  Json answer(const Json& asked) {
    const auto answered = answer_admission(*service_, asked);
    EXPECT_TRUE(answered) << answered.error().message;
    EXPECT_EQ((*answered)["kind"], "AdmissionReview");
    EXPECT_EQ((*answered)["response"]["uid"], "r-1");
    return (*answered)["response"];
  }

  ManualClock clock_{Instant{}};
  KindRegistry kinds_;
  HookTable hooks_;
  Shelf cached_, live_;
  int live_looks_ = 0;
  std::optional<Error> live_failure_;
  std::vector<std::string> asked_;
  std::vector<AdmissionService::Claim> claims_;
  std::optional<AdmissionService> service_;
};

TEST_F(AdmissionServiceTest, WhatTheCachesAllowIsAllowedWithoutALook) {
  rules().admit = [](const AdmitRequest& request, const View&) -> Status {
    EXPECT_EQ(request.caller.user, "jo");
    EXPECT_EQ(request.caller.groups, (std::vector<std::string>{"staff", "all"}));
    request.warnings->push_back("careful");
    return {};
  };
  const Json big = box(3);
  const Json said = answer(review("CREATE", &big, nullptr));
  EXPECT_EQ(said["allowed"], true);
  EXPECT_EQ(said["warnings"][0], "careful");
  EXPECT_EQ(live_looks_, 0);
}

TEST_F(AdmissionServiceTest, WhatTheCachesRefuseIsAskedLive) {
  rules().admit = [](const AdmitRequest&, const View& view) -> Status {
    if (view.get("shop.dev/boxes", {"lab", "account"})) return {};
    return Error{Code::Invalid, "there is no account", {}, {{"FieldValueInvalid", "no", "spec.a"}}};
  };
  const Json one = box(1);
  Json said = answer(review("CREATE", &one, nullptr));
  EXPECT_EQ(said["allowed"], false);
  EXPECT_EQ(said["status"]["message"], "there is no account");
  EXPECT_EQ(said["status"]["reason"], "Invalid");
  EXPECT_EQ(said["status"]["code"], 422);
  EXPECT_EQ(said["status"]["details"]["causes"][0]["field"], "spec.a");
  live_.boxes[{"lab", "account"}] = Encoded::make(box(0), 1);
  EXPECT_EQ(answer(review("CREATE", &one, nullptr))["allowed"], true);
}

TEST_F(AdmissionServiceTest, GuardsSeeThePresentStateAndAFailedLookAllowsNothing) {
  rules().guard = [](const AdmitRequest&, const View& view) -> Status {
    if (view.get("shop.dev/boxes", {"lab", "full"})) return Error{Code::Forbidden, "full"};
    return {};
  };
  const Json one = box(1);
  EXPECT_EQ(answer(review("CREATE", &one, nullptr))["allowed"], true);
  live_.boxes[{"lab", "full"}] = Encoded::make(box(0), 1);
  EXPECT_EQ(answer(review("CREATE", &one, nullptr))["status"]["code"], 403);
  live_failure_ = Error{Code::ServiceUnavailable, "gone"};
  EXPECT_EQ(answer(review("CREATE", &one, nullptr))["status"]["code"], 503);
}

TEST_F(AdmissionServiceTest, AWriteThatTakesMoreOfALimitIsJudgedInItsTurn) {
  rules().guard = [](const AdmitRequest&, const View&) { return Status(); };
  rules().limited_by = [](const AdmitRequest&, const View&) {
    return std::optional<ObjectKey>({"shop.dev/racks", {"", "r"}});
  };
  const Json three = box(3);
  Json asked = review("CREATE", &three, nullptr);
  asked["request"]["dryRun"] = true;
  EXPECT_EQ(answer(asked)["allowed"], true);
  ASSERT_EQ(claims_.size(), 1u);
  EXPECT_EQ(claims_[0].object, (ObjectKey{"shop.dev/boxes", {"lab", "b"}}));
  EXPECT_EQ(claims_[0].fields, (Pairs{{"size", "3"}}));
  EXPECT_EQ(claims_[0].limited_by, (ObjectKey{"shop.dev/racks", {"", "r"}}));
  EXPECT_TRUE(claims_[0].dry_run);
}

TEST_F(AdmissionServiceTest, VerbsOfAKindAreAskedForTheCallerAndNotForTheClustersOwnControllers) {
  rules().admit = [](const AdmitRequest& request, const View&) -> Status {
    if (request.permits("destroy")) return {};
    return Error{Code::Forbidden, "needs the verb"};
  };
  const Json one = box(1);
  Json asked = review("DELETE", nullptr, &one);
  EXPECT_EQ(answer(asked)["allowed"], false);
  EXPECT_EQ(asked_.at(0), "jo destroy lab/b");
  asked["request"]["userInfo"]["username"] = "boss";
  EXPECT_EQ(answer(asked)["allowed"], true);
  asked["request"]["userInfo"]["username"] =
      "system:serviceaccount:kube-system:namespace-controller";
  asked_.clear();
  EXPECT_EQ(answer(asked)["allowed"], true);
  EXPECT_TRUE(asked_.empty());
}

TEST_F(AdmissionServiceTest, AScaleIsJudgedAsTheObjectWithSoMany) {
  live_.boxes[{"lab", "b"}] = Encoded::make(box(1), 1);
  rules().admit = [](const AdmitRequest& request, const View&) -> Status {
    EXPECT_EQ((*request.before)["spec"]["size"], 1);
    if ((*request.object)["spec"]["size"].get<int>() < 5) return {};
    return Error{Code::Forbidden, "too many"};
  };
  Json scale = {{"apiVersion", "autoscaling/v1"}, {"kind", "Scale"}, {"spec", {{"replicas", 4}}}};
  EXPECT_EQ(answer(review("UPDATE", &scale, nullptr, "scale"))["allowed"], true);
  scale["spec"]["replicas"] = 5;
  EXPECT_EQ(answer(review("UPDATE", &scale, nullptr, "scale"))["allowed"], false);
}

TEST_F(AdmissionServiceTest, WhatHasNoRulesIsAllowedAndWhatIsNoReviewIsRefused) {
  const Json one = box(1);
  EXPECT_EQ(answer(review("CREATE", &one, nullptr))["allowed"], true);
  rules().admit = [](const AdmitRequest&, const View&) { return Status(Error{Code::Forbidden, "no"}); };
  EXPECT_EQ(answer(review("CREATE", &one, nullptr, "status"))["allowed"], true);
  EXPECT_FALSE(answer_admission(*service_, one));
  EXPECT_FALSE(answer_admission(*service_, {{"kind", "AdmissionReview"}}));
}

TEST_F(AdmissionServiceTest, TheConfigurationNamesEveryKindWithRulesAndItsScale) {
  rules().admit = [](const AdmitRequest&, const View&) { return Status(); };
  const Json made = admission_configuration(kinds_, hooks_, "shop.dev", {{"url", "https://x/admit"}});
  const Json& webhook = made["webhooks"][0];
  EXPECT_EQ(made["kind"], "ValidatingWebhookConfiguration");
  EXPECT_EQ(webhook["failurePolicy"], "Fail");
  EXPECT_EQ(webhook["clientConfig"]["url"], "https://x/admit");
  ASSERT_EQ(webhook["rules"].size(), 1u);
  EXPECT_EQ(webhook["rules"][0]["resources"], (Json{"boxes", "boxes/scale"}));
  EXPECT_EQ(webhook["rules"][0]["scope"], "Namespaced");
}

}  // namespace
}  // namespace charter
