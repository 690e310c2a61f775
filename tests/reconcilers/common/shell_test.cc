#include "reconcilers/common/shell.h"

#include "crds/types/image.h"
#include "crds/types/kinds.h"
#include "reconcilers/common/in_use.h"
#include "reconcilers/common/pause.h"
#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

// The pass itself, with a kind whose look, plan and action are what a test says: real API, real
// caches, real queue.
namespace charter {
namespace {

using namespace std::chrono_literals;
using test::World;
using test::WorldOptions;

/// Does nothing but count.
struct Act {
  bool operator==(const Act&) const = default;
};
using ScriptedStep = Step<Image, std::variant<Act>>;

/// What the test's kind sees, decides and does.
struct Script {
  std::optional<Error> look_fails, act_fails;
  bool acts = false, passing = false;
  Statement ready = ready_true("Ready", "all is well");
  std::vector<Statement> conditions;
  std::vector<std::string> users;
  Outcome outcome = Outcome::done();
  int passes = 0, actions = 0;
};

class ScriptedReconciler final : public Shell<Image, int, std::variant<Act>> {
 public:
  ScriptedReconciler(const Runtime& rt, Script& script)
      : Shell(rt, {.resource = kinds::images(),
                   .finalizers = {std::string(kInUseFinalizer)},
                   .component = "charter-test",
                   .phase = phase}),
        script_(script) {}

 private:
  static std::string_view phase(const Conditions& conditions) {
    return is_true(conditions, "Ready") ? "Ready" : "Pending";
  }
  Result<Image> read(const Json& object) const override { return read_image(object); }
  Json render(const Image::Status& status) const override { return status_json(status); }
  Result<int> observe(const Image&) override {
    ++script_.passes;
    if (script_.look_fails) return *script_.look_fails;
    return 0;
  }
  ScriptedStep decide(const Image& image, const int&) const override {
    ScriptedStep step;
    step.status = image.status;
    step.status.digest = "sha256:" + std::string(64, 'a');
    if (plan_in_use_deletion(image.meta, script_.users, step)) return step;
    step.ready = script_.ready;
    step.conditions = script_.conditions;
    step.outcome = script_.outcome;
    if (script_.acts) step.action = Act{};
    step.passing = script_.passing;
    return step;
  }
  Status act(const Image&, const std::variant<Act>&) override {
    ++script_.actions;
    if (script_.act_fails) return *script_.act_fails;
    script_.acts = false;
    return {};
  }

  Script& script_;
};

constexpr const char* kImage = R"(
apiVersion: charter.dev/v1alpha1
kind: Image
metadata: {name: x}
spec: {source: {url: "https://images.example/x", sha256: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, os: x}
)";

struct ShellTest : ::testing::Test {
  Script script;
  World world{options()};

  WorldOptions options() {
    WorldOptions only;
    only.add_controllers = [this](Manager& manager, DriverPool&) {
      ControllerSpec spec;
      spec.name = "test";
      spec.primary = kinds::images();
      spec.make = [this](const Runtime& rt) {
        return std::make_unique<ScriptedReconciler>(rt, script);
      };
      watch_pauses(spec, PauseReach::ClusterObject);
      manager.add(std::move(spec));
    };
    return only;
  }
  void start() {
    world.apply(kImage);
    world.settle();
  }
  std::string status(const char* type) {
    const auto condition = world.condition("Image", "x", type);
    return condition ? condition->status : "";
  }
  // Any change of the spec: a new generation.
  void change() { world.edit("Image", "x", "{spec: {description: changed}}"); }
  std::string since(const char* type) {
    const auto object = world.get("Image", "x");
    for (const auto& condition : object["status"]["conditions"]) {
      if (condition["type"] == type) return text_at(condition, {"lastTransitionTime"});
    }
    return "";
  }
};

TEST_F(ShellTest, EnsuresTheFinalizerThenPlansThenIsQuiet) {
  start();
  EXPECT_EQ(read_meta(world.get("Image", "x")).finalizers,
            std::vector<std::string>{std::string(kInUseFinalizer)});
  EXPECT_TRUE(world.is("Image", "x", "Ready"));
  EXPECT_EQ(world.field("Image", "x", "status.phase"), "Ready");
  EXPECT_EQ(world.field("Image", "x", "status.observedGeneration"), "1");
  EXPECT_EQ(status("Reconciling"), "");
  world.expect_quiet();
}

TEST_F(ShellTest, ReconcilingAndStalledFollowTheClassOfTheReason) {
  script.ready = ready_unknown("Creating", "on the way");
  start();
  EXPECT_EQ(status("Reconciling"), "True");
  EXPECT_EQ(status("Stalled"), "");
  script.ready = ready_false("InvalidSpec", "wrong");
  change();
  world.settle();
  EXPECT_EQ(status("Reconciling"), "");
  EXPECT_EQ(status("Stalled"), "True");
  script.ready = ready_true("Ready", "fine");
  world.edit("Image", "x", "{spec: {description: again}}");
  world.settle();
  EXPECT_EQ(status("Reconciling") + status("Stalled"), "");
}

TEST_F(ShellTest, AnObjectThatGoesOnWaitingWritesNothing) {
  script.ready = ready_unknown("WaitForCapacity", "full");
  script.outcome = Outcome::wait(1s, "WaitForCapacity");
  start();
  world.settle_for(2s);
  const auto passes = script.passes;
  const auto commits = world.commits();
  const auto waiting_since = since("Reconciling");
  world.settle_for(30s);
  EXPECT_GE(script.passes, passes + 25);
  EXPECT_EQ(world.commits(), commits);
  EXPECT_EQ(since("Reconciling"), waiting_since);
}

TEST_F(ShellTest, AFailingLookKeepsStatusAndWritesOnce) {
  script.conditions = {is_so("Verified", "Verified", "seen once")};
  start();
  script.look_fails = Error{Code::ServiceUnavailable, "the endpoint does not answer"};
  change();
  world.settle_for(5s);
  EXPECT_EQ(status("Ready"), "Unknown");
  EXPECT_EQ(world.reason("Image", "x"), "Unavailable");
  EXPECT_EQ(status("Verified"), "True");
  EXPECT_NE(world.field("Image", "x", "status.digest"), "");
  EXPECT_EQ(world.field("Image", "x", "status.observedGeneration"), "2");
  EXPECT_EQ(world.condition("Image", "x", "Ready")->observed_generation, 2);
  const auto commits = world.commits();
  const auto passes = script.passes;
  world.settle_for(60s);
  EXPECT_GT(script.passes, passes);
  EXPECT_EQ(world.commits(), commits);
  script.look_fails.reset();
  world.settle_for(10min);
  EXPECT_TRUE(world.is("Image", "x", "Ready"));
}

TEST_F(ShellTest, AnErrorThatNoRetryFixesStallsUntilTheObjectChanges) {
  script.look_fails = Error{Code::Invalid, "spec.source: wrong"};
  start();
  EXPECT_EQ(status("Ready"), "False");
  EXPECT_EQ(status("Stalled"), "True");
  const auto passes = script.passes;
  world.settle_for(5min);
  EXPECT_EQ(script.passes, passes);
  script.look_fails.reset();
  change();
  world.settle();
  EXPECT_TRUE(world.is("Image", "x", "Ready"));
}

TEST_F(ShellTest, AWaitForCapacityIsTriedAgainWithoutBackOff) {
  script.look_fails = Error{Code::TooManyRequests, "no host has room", "WaitForCapacity"};
  start();
  EXPECT_EQ(world.reason("Image", "x"), "WaitForCapacity");
  const auto passes = script.passes;
  world.settle_for(kWaitRetry * 4);
  EXPECT_EQ(script.passes, passes + 4);
}

TEST_F(ShellTest, ALostRaceIsNoNewsForTheUser) {
  start();
  script.look_fails = Error{Code::Conflict, "the object has been modified"};
  const auto before = world.explain("Image", "x");
  change();
  world.settle_for(1s);
  EXPECT_EQ(world.explain("Image", "x"), before);
}

TEST_F(ShellTest, AfterAnActionItLooksAgainAtOnce) {
  script.acts = true;
  start();
  EXPECT_EQ(script.actions, 1);
  EXPECT_TRUE(world.is("Image", "x", "Ready"));
}

TEST_F(ShellTest, AFailedActionIsToldWithItsReason) {
  start();
  script.acts = true;
  script.act_fails = Error{Code::Forbidden, "not yours"};
  change();
  world.settle();
  EXPECT_EQ(world.reason("Image", "x"), "Denied");
  EXPECT_EQ(status("Stalled"), "True");
}

TEST_F(ShellTest, AConditionThatIsNotStatedAnyMoreGoes) {
  script.conditions = {is_so("Verified", "Verified", "")};
  start();
  EXPECT_EQ(status("Verified"), "True");
  script.conditions.clear();
  change();
  world.settle();
  EXPECT_FALSE(world.condition("Image", "x", "Verified"));
}

TEST_F(ShellTest, DeletionNamesItsBlockerAndGoesOnWhenThatIsGone) {
  start();
  script.users = {"service template catalog/web"};
  world.remove("Image", "x");
  world.settle();
  const auto deleting = world.condition("Image", "x", "Deleting");
  ASSERT_TRUE(deleting);
  EXPECT_EQ(deleting->reason, "InUse");
  EXPECT_EQ(deleting->message,
            "used by service template catalog/web; tried again when that changes");
  world.expect_quiet();
  script.users.clear();
  world.edit("Image", "x", "{metadata: {annotations: {charter.dev/reconcile-requested-at: now}}}");
  world.settle();
  EXPECT_FALSE(world.exists("Image", "x"));
}

TEST_F(ShellTest, APokeForcesAPass) {
  start();
  const auto passes = script.passes;
  world.edit("Image", "x", "{metadata: {annotations: {charter.dev/reconcile-requested-at: t1}}}");
  world.settle();
  EXPECT_GT(script.passes, passes);
}

TEST_F(ShellTest, APausedObjectIsNotLookedAtNotEvenForDeletion) {
  start();
  world.edit("Image", "x", "{metadata: {annotations: {charter.dev/paused: 'true'}}}");
  world.settle();
  const auto passes = script.passes;
  change();
  world.remove("Image", "x");
  world.settle_for(1min);
  EXPECT_EQ(script.passes, passes);
  ASSERT_TRUE(world.exists("Image", "x"));
  EXPECT_EQ(status("Paused"), "True");
  EXPECT_EQ(world.reason("Image", "x"), "Paused");
  world.edit("Image", "x", "{metadata: {annotations: {charter.dev/paused: null}}}");
  world.settle();
  EXPECT_FALSE(world.exists("Image", "x"));
}

TEST_F(ShellTest, EventsTellTransitionsOnceEach) {
  start();
  script.ready = ready_false("InvalidSpec", "wrong");
  change();
  world.settle();
  world.settle_for(1min);
  std::map<std::string, int> reasons;
  for (const auto& name : world.names("Event")) {
    const auto event = world.get("Event", name);
    reasons[text_at(event, {"reason"}) + " " + text_at(event, {"type"})] +=
        static_cast<int>(int_at(event, {"count"}).value_or(0));
  }
  EXPECT_EQ(reasons, (std::map<std::string, int>{{"InvalidSpec Warning", 1}, {"Ready Normal", 1}}));
}

TEST_F(ShellTest, APassingActionWritesNoStatusAndIsLookedAtWhenThePlanSays) {
  start();
  script.acts = script.passing = true;
  script.ready = ready_unknown("Provisioning", "starting");
  script.outcome = Outcome::again(10s);
  change();
  const auto commits = world.commits();
  const auto passes = script.passes;
  world.settle();
  EXPECT_EQ(script.actions, 1);
  EXPECT_EQ(world.commits(), commits);
  script.passing = false;
  world.settle_for(9s);
  EXPECT_EQ(script.passes, passes + 1);
  world.settle_for(1s);
  EXPECT_GT(script.passes, passes + 1);
  EXPECT_EQ(world.reason("Image", "x"), "Provisioning") << "what came of it is told";
}

TEST_F(ShellTest, StepsOnTheWayAreNoEvents) {
  script.ready = ready_unknown("Provisioning", "on the way");
  script.conditions = {is_so("Provisioned", "Provisioned", "a step"),
                       is_so("DriftDetected", "DriftReported", "news")};
  start();
  script.ready = ready_true("Ready", "done");
  change();
  world.settle();
  std::set<std::string> reasons;
  for (const auto& name : world.names("Event"))
    reasons.insert(text_at(world.get("Event", name), {"reason"}));
  EXPECT_EQ(reasons, (std::set<std::string>{"DriftReported", "Ready"}));
}

TEST_F(ShellTest, LongMessagesAreCut) {
  script.look_fails = Error{Code::Invalid, std::string(5'000, 'x')};
  start();
  EXPECT_LE(world.condition("Image", "x", "Ready")->message.size(),
            limits::kConditionMessageBytesMax);
  world.expect_quiet();
}

}  // namespace
}  // namespace charter
