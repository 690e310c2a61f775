#include "reconcilers/git_source/plan.h"

#include "reconcilers/git_source/limits.h"

#include <gtest/gtest.h>

namespace charter::git_source {
namespace {

GitSource::Entry entry(const std::string& name) {
  return {"v1", "ConfigMap", "team", name, false};
}

GitSource source(std::vector<GitSource::Entry> inventory = {}, const std::string& applied = {}) {
  GitSource out;
  out.meta.name = "apps";
  out.meta.generation = 3;
  out.spec.prune = true;
  out.status.inventory = std::move(inventory);
  if (!applied.empty()) {
    out.status.last_applied = GitSource::Commit{applied, "Ada", "", {}, ""};
    out.status.applied_generation = 3;
  }
  return out;
}

Observed seen(const std::string& commit, std::vector<GitSource::Entry> wanted) {
  Observed have;
  have.commit.id = commit;
  have.wanted = std::move(wanted);
  have.next_check = std::chrono::minutes(1);
  return have;
}

Leaving leaving(const std::string& name, Leaving::State state, const std::string& why = {}) {
  return {entry(name), state, "uid-" + name, why};
}

TEST(GitSourcePlan, ObjectsAreNotedBeforeTheyAreMade) {
  const Step step = plan(source(), seen("c1", {entry("a")}));
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.inventory, std::vector{entry("a")});
  EXPECT_FALSE(step.status.last_applied);
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Again);
}

TEST(GitSourcePlan, WhatIsNotedIsAppliedAndThenItRests) {
  const Step made = plan(source({entry("a")}), seen("c1", {entry("a")}));
  EXPECT_EQ(made.action, Action(Apply{"c1"}));
  EXPECT_EQ(made.status.last_applied->id, "c1");
  EXPECT_EQ(made.status.applied_generation, 3);
  const Step rests = plan(source({entry("a")}, "c1"), seen("c1", {entry("a")}));
  EXPECT_FALSE(rests.action);
  EXPECT_EQ(rests.ready.status, "True");
  EXPECT_EQ(rests.outcome.after, Duration(std::chrono::minutes(1)));
}

TEST(GitSourcePlan, AnotherSpecIsAppliedAnew) {
  GitSource changed = source({entry("a")}, "c1");
  changed.meta.generation = 4;
  EXPECT_EQ(plan(changed, seen("c1", {entry("a")})).action, Action(Apply{"c1"}));
}

TEST(GitSourcePlan, OfACommitThatIsWrongNothingIsAppliedNotedOrPruned) {
  Observed have = seen("c2", {entry("a"), entry("b")});
  have.findings = {{"b.yaml, document 1",
                    {"v1", "ConfigMap", {"team", "b"}},
                    Error{Code::Invalid, "data: too long"}}};
  have.leaving = {leaving("old", Leaving::State::Free)};
  const Step step = plan(source({entry("old")}, "c1"), have);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.inventory, std::vector{entry("old")});
  EXPECT_EQ(step.status.last_applied->id, "c1");
  EXPECT_EQ(step.status.last_attempted->id, "c2");
  EXPECT_EQ(step.ready.reason, "CommitInvalid");
  EXPECT_NE(step.ready.message.find("b.yaml, document 1: ConfigMap team/b: data: too long"),
            std::string::npos);
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Wait) << "the next commit may be better";
}

TEST(GitSourcePlan, ACommitWithoutAnyManifestPrunesNothingUntilConfirmed) {
  Observed have = seen("c2", {});
  have.leaving = {leaving("a", Leaving::State::Free)};
  EXPECT_EQ(plan(source({entry("a")}, "c1"), have).ready.reason, "EmptySource");
  EXPECT_EQ(plan(source({entry("a")}, "c2"), have).ready.reason, "EmptySource")
      << "also if it is applied already";
  have.empty_confirmed = true;
  const Step step = plan(source({entry("a")}, "c2"), have);
  EXPECT_EQ(step.action, Action(Prune{{{{"v1", "ConfigMap", {"team", "a"}}, "uid-a"}}}));
}

TEST(GitSourcePlan, OneProtectedObjectKeepsAllOthers) {
  Observed have = seen("c2", {entry("a")});
  have.leaving = {leaving("b", Leaving::State::Free),
                  leaving("c", Leaving::State::Protected, "it runs")};
  const Step step = plan(source({entry("a"), entry("b"), entry("c")}, "c2"), have);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.ready.reason, "PruneBlocked");
  EXPECT_NE(step.ready.message.find("ConfigMap team/c: it runs"), std::string::npos);
  EXPECT_EQ(step.status.inventory.size(), 3u) << "what is kept is not forgotten";
}

TEST(GitSourcePlan, WhatItDidNotCreateOrIsNoLongerItsOwnIsForgottenNotDeleted) {
  Observed have = seen("c2", {entry("a")});
  have.leaving = {leaving("gone", Leaving::State::Gone), leaving("theirs", Leaving::State::NotOurs),
                  leaving("elder", Leaving::State::Free)};
  have.leaving[2].entry.adopted = true;
  const Step step =
      plan(source({entry("a"), entry("gone"), entry("theirs"), have.leaving[2].entry}, "c2"), have);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.inventory, std::vector{entry("a")});
  EXPECT_EQ(step.ready.status, "True");
}

TEST(GitSourcePlan, WithoutPruneNothingIsDeleted) {
  GitSource keeps = source({entry("a"), entry("b")}, "c2");
  keeps.spec.prune = false;
  Observed have = seen("c2", {entry("a")});
  have.leaving = {leaving("b", Leaving::State::Free)};
  const Step step = plan(keeps, have);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.inventory, std::vector{entry("a")});
}

TEST(GitSourcePlan, AdoptionIsRememberedWhileTheObjectIsWanted) {
  GitSource::Entry elder = entry("elder");
  elder.adopted = true;
  // A later look finds it there, applied by this very source.
  const Step step = plan(source({elder}, "c1"), seen("c1", {entry("elder")}));
  EXPECT_EQ(step.status.inventory, std::vector{elder});
}

TEST(GitSourcePlan, DriftIsRevertedOrReported) {
  Observed have = seen("c1", {entry("a")});
  have.drifted = {"ConfigMap team/a"};
  EXPECT_EQ(plan(source({entry("a")}, "c1"), have).action, Action(Apply{"c1"}));
  GitSource reports = source({entry("a")}, "c1");
  reports.spec.drift_policy = DriftAnswer::Report;
  const Step step = plan(reports, have);
  EXPECT_FALSE(step.action);
  ASSERT_FALSE(step.conditions.empty());
  EXPECT_EQ(step.conditions[0].type, "DriftDetected");
  EXPECT_EQ(step.ready.status, "True");
}

TEST(GitSourcePlan, HealthNamesWhoIsNotReadyAndABoundedNumberIsShown) {
  Observed have = seen("c1", {entry("a")});
  for (int i = 0; i < 50; ++i)
    have.not_ready.push_back({"v1", "ConfigMap", "team", std::to_string(i), "Pending", ""});
  const Step step = plan(source({entry("a")}, "c1"), have);
  EXPECT_EQ(step.status.not_ready.size(), kUnreadyShown);
  EXPECT_EQ(step.ready.status, "True") << "the commit is applied";
  EXPECT_EQ(step.conditions.back().status, "False");
  EXPECT_NE(step.conditions.back().message.find("50 of 1 objects"), std::string::npos);
}

TEST(GitSourcePlan, SuspendedAndWaitingSourcesDoNothing) {
  GitSource paused = source({entry("a")}, "c1");
  paused.spec.suspend = true;
  EXPECT_FALSE(plan(paused, Observed{}).action);
  EXPECT_EQ(plan(paused, Observed{}).status.inventory.size(), 1u);
  Observed have;
  have.waits_for = {"base"};
  const Step step = plan(source(), have);
  EXPECT_FALSE(step.action);
  EXPECT_NE(step.ready.message.find("base"), std::string::npos);
}

TEST(GitSourcePlan, WhoWaitsInACircleSaysSoInsteadOfWaitingForEver) {
  Observed have = seen("", {});
  have.waits_for = {"base"};
  EXPECT_EQ(plan(source(), have).ready.reason, "ReferenceNotReady");
  have.waits_in_circle = {"apps", "base", "apps"};
  const Step step = plan(source(), have);
  EXPECT_EQ(step.ready.status, "False");
  EXPECT_EQ(step.ready.reason, "InvalidReference");
  EXPECT_NE(step.ready.message.find("apps -> base -> apps"), std::string::npos);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Wait);
}

TEST(GitSourcePlan, AReceiverIsShownWithWhatIsWrongWithItAndHoldsUpNothing) {
  GitSource one = source({entry("a")}, "c1");
  one.status.receiver = GitSource::ReceiverPlace{"/receivers/gitsources/apps"};
  EXPECT_FALSE(plan(one, seen("c1", {entry("a")})).status.receiver)
      << "nobody asks for it any more";
  one.spec.receiver = GitSource::Receiver{PushSender::GitHub, {"team", "push"}};
  Observed have = seen("c1", {entry("a")});
  const auto said = [](const Step& step) {
    for (const auto& condition : step.conditions) {
      if (condition.type == "ReceiverReady") return condition.status + " " + condition.reason;
    }
    return std::string("nothing");
  };
  EXPECT_EQ(said(plan(one, have)), "True Ready");
  EXPECT_EQ(plan(one, have).status.receiver->path, "/receivers/gitsources/apps");
  have.receiver_problem = "secret team/push: not found";
  const Step step = plan(one, have);
  EXPECT_EQ(said(step), "False InvalidCredentials");
  EXPECT_EQ(step.ready.status, "True");
  one.spec.suspend = true;
  EXPECT_EQ(said(plan(one, {})), "False Suspended");
}

TEST(GitSourcePlan, WhenItWasAppliedIsNotedWithTheApplying) {
  Observed have = seen("c1", {entry("a")});
  have.now = Instant(std::chrono::hours(1));
  EXPECT_EQ(plan(source({entry("a")}), have).status.applied_time, have.now);
  EXPECT_FALSE(plan(source({entry("a")}, "c1"), have).status.applied_time);
}

}  // namespace
}  // namespace charter::git_source
