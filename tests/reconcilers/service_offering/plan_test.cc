#include "reconcilers/service_offering/plan.h"

#include "tests/reconcilers/service_offering/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_offering {
namespace {

// Carries out plans until nothing is left to do, as the shell does.
int settle(ServiceOffering& object, Observed& have) {
  for (int pass = 1; pass <= 5; ++pass) {
    const auto step = plan(object, have);
    const bool quiet = !step.action && step.status == object.status;
    if (step.action) {
      const auto& create = std::get<CreateRevision>(*step.action);
      have.revisions.push_back({create.name, have.now, create.spec});
    }
    object.status = step.status;
    if (quiet) return pass;
  }
  ADD_FAILURE() << "no fixed point";
  return 0;
}

const Statement* find(const Step& step, const char* type) {
  const auto found = std::find_if(step.conditions.begin(), step.conditions.end(),
                                  [&](const auto& one) { return one.type == type; });
  return found == step.conditions.end() ? nullptr : &*found;
}

const Statement* find(Step&&, const char*) = delete;  // would point into what is gone

TEST(OfferingPlan, ADraftIsReadyAndPublishesNothing) {
  const auto step = plan(offering("{spec: {publication: Draft}}"), complete());
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.ready.reason, "Draft");
  EXPECT_EQ(find(step, "Publishable")->status, "True");
  EXPECT_EQ(find(step, "Published")->status, "False");
  const auto unfinished = plan(offering("{spec: {publication: Draft, units: null}}"), complete());
  EXPECT_EQ(unfinished.ready.status, "True");
  EXPECT_EQ(find(unfinished, "Publishable")->reason, "Incomplete");
}

TEST(OfferingPlan, PublishingMakesOneRevisionAndPinsIt) {
  auto object = offering();
  auto have = complete();
  const auto first = plan(object, have);
  ASSERT_TRUE(first.action);
  EXPECT_EQ(first.ready.reason, "Publishing");
  EXPECT_LE(settle(object, have), 3);
  ASSERT_EQ(have.revisions.size(), 1u);
  EXPECT_EQ(object.status.revision, have.revisions[0].name);
  EXPECT_EQ(object.status.edition, 1);
  EXPECT_EQ(object.status.published_at, have.now);
  EXPECT_EQ(object.status.from_price, "374.40 USD per compute and month");
  EXPECT_EQ(object.status.sla, "99.9 %, ready within 10m");
  const auto settled = plan(object, have);
  EXPECT_EQ(settled.ready.reason, "Published");
  EXPECT_EQ(settled.outcome, Outcome::done());
  EXPECT_EQ(find(settled, "Published")->status, "True");
  EXPECT_EQ(find(settled, "UpdateAvailable"), nullptr);
}

TEST(OfferingPlan, AnEditedTemplateOrPriceIsToldAndChangesNothing) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  const auto pinned = object.status.revision;
  have.sources.sold->description = "edited";
  have.sources.rates->items[0].price = "9";
  settle(object, have);
  EXPECT_EQ(object.status.revision, pinned);
  EXPECT_TRUE(object.status.update_available);
  EXPECT_EQ(object.status.from_price, "374.40 USD per compute and month");
  EXPECT_NE(object.status.latest_hash, have.revisions[0].spec.content_hash);
  const auto told = plan(object, have);
  const auto* condition = find(told, "UpdateAvailable");
  ASSERT_NE(condition, nullptr);
  EXPECT_NE(condition->message.find("set spec.edition to 2"), std::string::npos);
}

TEST(OfferingPlan, ARaisedEditionPublishesWhatThereIsNow) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  have.sources.sold->description = "edited";
  object.spec.edition = 2;
  settle(object, have);
  ASSERT_EQ(have.revisions.size(), 2u);
  EXPECT_EQ(object.status.revision, have.revisions[1].name);
  EXPECT_EQ(object.status.edition, 2);
  EXPECT_FALSE(object.status.update_available);
}

TEST(OfferingPlan, ARaisedEditionOfTheSameContentNeedsNoNewRevisionThenOrLater) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  object.spec.edition = 2;
  settle(object, have);
  EXPECT_EQ(have.revisions.size(), 1u);
  EXPECT_EQ(object.status.edition, 2);
  have.sources.sold->description = "edited";
  settle(object, have);
  EXPECT_EQ(have.revisions.size(), 1u);
  EXPECT_TRUE(object.status.update_available);
}

TEST(OfferingPlan, ALostStatusFindsTheRevisionOfItsEditionAgain) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  have.sources.sold->description = "edited";
  object.status = {};
  settle(object, have);
  EXPECT_EQ(have.revisions.size(), 1u);
  EXPECT_EQ(object.status.revision, have.revisions[0].name);
}

TEST(OfferingPlan, WaitsForReferencesAndForPricesToHold) {
  auto have = complete();
  have.sources.sold.reset();
  const auto waiting = plan(offering(), have);
  EXPECT_EQ(waiting.ready.status, "Unknown");
  EXPECT_EQ(waiting.ready.reason, "ReferenceNotFound");
  EXPECT_EQ(waiting.outcome.kind, Outcome::Kind::Wait);
  have = complete();
  have.now = parse_time("2025-12-31T23:00:00Z").value();
  const auto early = plan(offering(), have);
  EXPECT_EQ(early.ready.reason, "NotYetEffective");
  EXPECT_EQ(early.outcome.after, Duration(std::chrono::hours(1)));
}

TEST(OfferingPlan, AnEditionThatCantBePublishedLeavesTheOneBeforeOnSale) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  const auto pinned = object.status.revision;
  object.spec.edition = 2;
  object.spec.service_level.reset();
  const auto step = plan(object, have);
  EXPECT_EQ(step.ready.status, "False");
  EXPECT_EQ(step.ready.reason, "Incomplete");
  EXPECT_EQ(step.status.revision, pinned);
  EXPECT_NE(step.ready.message.find(pinned + " stays on sale"), std::string::npos);
  EXPECT_EQ(find(step, "Published")->status, "True");
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Stuck);
}

TEST(OfferingPlan, RetiredKeepsItsRevisionAndSaysThatItTakesNoContracts) {
  auto object = offering();
  auto have = complete();
  settle(object, have);
  const auto pinned = object.status.revision;
  object.spec.publication = Publication::Retired;
  object.spec.edition = 2;
  have.contracts = {"shop/orders"};
  const auto step = plan(object, have);
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.ready.reason, "Retired");
  EXPECT_EQ(step.status.revision, pinned);
  EXPECT_EQ(step.status.contracts, 1);
  EXPECT_EQ(find(step, "Published")->reason, "Retired");
}

TEST(OfferingPlan, InDeletionStaysWhileContractsUseIt) {
  auto object = offering();
  object.meta.deleted = "2026-06-01T00:00:00Z";
  auto have = complete();
  have.contracts = {"shop/orders"};
  const auto waiting = plan(object, have);
  ASSERT_TRUE(waiting.deletion);
  EXPECT_EQ(waiting.deletion->blocker, "used by contract shop/orders");
  EXPECT_FALSE(waiting.action);
  EXPECT_FALSE(plan(object, complete()).release.empty());
}

TEST(OfferingPlan, DeletionNeedsNeitherTemplateNorPrices) {
  auto object = offering();
  object.meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_FALSE(plan(object, {}).release.empty());
}

TEST(OfferingPhase, IsDerivedFromConditions) {
  EXPECT_EQ(phase_of({{"Ready", "True", "Draft", ""}}), "Draft");
  EXPECT_EQ(phase_of({{"Ready", "True", "Deprecated", ""}}), "Deprecated");
  EXPECT_EQ(phase_of({{"Ready", "False", "Incomplete", ""}}), "Incomplete");
  EXPECT_EQ(
      phase_of({{"Ready", "False", "Incomplete", ""}, {"Published", "True", "Published", ""}}),
      "Published");
}

}  // namespace
}  // namespace charter::service_offering
