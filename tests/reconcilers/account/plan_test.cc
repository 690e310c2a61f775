#include "reconcilers/account/plan.h"

#include "reconcilers/common/reasons.h"
#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::account {
namespace {

// An account and its contracts; `step` plays one pass.
struct Scene {
  Account account = *read_account(contract::sample_account());
  Observed have;
  Step last;

  Scene() {
    have.now = *parse_time("2026-06-01T00:00:00Z");
    have.contracts = {{"consumerco/orders", {{"compute", 3}, {"storage", 5}}}};
    have.changed_by = "kubectl-edit";
  }
  const Step& step() {
    last = plan(account, have);
    account.status = last.status;
    account.conditions.clear();
    const auto add = [this](const Statement& s) {
      account.conditions.push_back({s.type, s.status, s.reason, s.message, 1});
    };
    for (const auto& statement : last.conditions)
      add(statement);
    if (last.deletion) add(is_so("Deleting", last.deletion->reason, last.deletion->blocker));
    add(last.ready);
    for (const auto& condition : account.conditions)
      EXPECT_TRUE(class_of(condition.reason)) << condition.reason;
    return last;
  }
  std::string ready() const { return last.ready.status + " " + last.ready.reason; }
};

TEST(AccountPlan, UsageIsShownAgainstTheLimits) {
  Scene scene;
  scene.have.contracts.push_back({"consumerco/more", {{"compute", 1}, {"gpu", 2}}});
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  EXPECT_EQ(scene.account.status.used, (UnitCounts{{"compute", 4}, {"gpu", 2}, {"storage", 5}}));
  EXPECT_EQ(
      scene.account.status.summary,
      (std::map<std::string, std::string>{{"compute", "4/5"}, {"gpu", "2/0"}, {"storage", "5/5"}}));
  EXPECT_EQ(scene.account.status.members, 1);
  EXPECT_EQ(scene.account.status.contracts,
            (std::vector<std::string>{"consumerco/orders", "consumerco/more"}));
}

TEST(AccountPlan, ALimitBelowUsageShowsAndLeavesTheAccountReady) {
  Scene scene;
  scene.account.spec.limits["compute"] = 2;
  scene.step();
  EXPECT_EQ(scene.ready(), "True Active");
  const auto* within = find_condition(scene.account.conditions, "WithinLimits");
  EXPECT_EQ(within->status, "False");
  EXPECT_NE(within->message.find("compute: limit 2, used 3"), std::string::npos);
  EXPECT_EQ(phase_of(scene.account.conditions), "OverLimit");
}

TEST(AccountPlan, TheFirstLookNotesNoChange) {
  Scene scene;
  scene.step();
  EXPECT_TRUE(scene.account.status.history.empty());
  ASSERT_TRUE(scene.account.status.recorded);
}

TEST(AccountPlan, ChangedLimitsAndMembersAreNotedWithTimeAndActor) {
  Scene scene;
  scene.step();
  scene.account.spec.limits = {{"compute", 30}, {"storage", 30}};
  scene.account.spec.members.push_back(
      {{SubjectKind::ServiceAccount, "scaler", "consumerco", std::nullopt},
       {Permission::ChangeCapacity}});
  scene.account.spec.members[0].permissions = {Permission::Terminate};
  scene.step();
  std::vector<std::string> changes;
  for (const auto& entry : scene.account.status.history) {
    changes.push_back(entry.change);
    EXPECT_EQ(entry.by, "kubectl-edit");
    EXPECT_EQ(entry.at, scene.have.now);
  }
  EXPECT_EQ(changes, (std::vector<std::string>{
                         "limits.compute 5 -> 30 (+25)", "limits.storage 5 -> 30 (+25)",
                         "members ~User fred (Terminate)",
                         "members +ServiceAccount consumerco/scaler (ChangeCapacity)"}));
  scene.account.spec.members.pop_back();
  scene.step();
  EXPECT_EQ(scene.account.status.history.back().change,
            "members -ServiceAccount consumerco/scaler");
}

TEST(AccountPlan, AnUnchangedAccountIsAFixedPointAlthoughTimeGoesOn) {
  Scene scene;
  const auto first = scene.step();
  scene.have.now += std::chrono::hours(5);
  EXPECT_EQ(scene.step(), first);
}

TEST(AccountPlan, HistoryKeepsTheNewestSixtyFourChanges) {
  Scene scene;
  scene.step();
  for (int64_t limit = 100; limit < 200; ++limit) {
    scene.account.spec.limits["compute"] = limit;
    scene.step();
  }
  EXPECT_EQ(scene.account.status.history.size(), 64u);
  EXPECT_EQ(scene.account.status.history.back().change, "limits.compute 198 -> 199 (+1)");
}

TEST(AccountPlan, ANamespaceOfAnotherAccountStallsIt) {
  Scene scene;
  scene.have.taken = {"consumerco (account other)"};
  scene.step();
  EXPECT_EQ(scene.ready(), "False NamespaceTaken");
  EXPECT_NE(scene.last.ready.message.find("consumerco (account other)"), std::string::npos);
  EXPECT_EQ(scene.last.outcome.kind, Outcome::Kind::Stuck);
}

TEST(AccountPlan, ClosingWaitsForContractsThenStatesTheBillThenReleases) {
  Scene scene;
  scene.account.meta.deleted = "2026-06-01T00:00:00Z";
  scene.step();
  EXPECT_EQ(scene.ready(), "False ActiveContracts");
  EXPECT_NE(scene.last.deletion->blocker.find("consumerco/orders"), std::string::npos);
  EXPECT_TRUE(scene.last.release.empty());
  scene.have.contracts.clear();
  scene.step();
  EXPECT_EQ(scene.ready(), "False FinalBill");
  EXPECT_NE(scene.last.deletion->blocker.find("nothing to bill"), std::string::npos);
  EXPECT_TRUE(scene.last.release.empty());
  scene.step();
  EXPECT_EQ(scene.last.release,
            (std::vector<std::string>{"charter.dev/final-bill", "charter.dev/roles"}));
  EXPECT_EQ(phase_of(scene.account.conditions), "Closing");
}

}  // namespace
}  // namespace charter::account
