#include "reconcilers/rate_card/admit.h"
#include "reconcilers/rate_card/plan.h"
#include "tests/reconcilers/map_view.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::rate_card {
namespace {

constexpr const char* kBefore = "2025-12-31T23:59:59Z";
constexpr const char* kWithin = "2026-06-01T00:00:00Z";

Json card_object() {
  return parse_yaml(R"(
metadata: {name: std-2026, generation: 1}
spec:
  currency: USD
  effectiveFrom: "2026-01-01T00:00:00Z"
  items:
  - {meter: cpu-hours, basis: Active, price: "0.13", per: CPUHour}
  - {meter: storage, basis: Allocated, price: "5.00", per: TBDay}
  discounts:
  - {"on": OrderedNotProvisioned, percent: "40"}
)")
      .value();
}

std::string refusal(const Json& now, const Json* before = nullptr, const char* at = kWithin) {
  AdmitRequest request;
  request.operation =
      before == nullptr ? AdmitRequest::Operation::Create : AdmitRequest::Operation::Update;
  request.object = &now;
  request.before = before;
  request.now = parse_time(at).value();
  const auto admitted = admit(request, MapView());
  return admitted ? "" : admitted.error().causes.at(0).field;
}

// The sample with one member merged in.
Json with(const char* patch) {
  auto card = card_object();
  card.merge_patch(parse_yaml(patch).value());
  return card;
}

TEST(RateCardAdmit, JudgesItemsTiersAndDiscounts) {
  const std::pair<const char*, const char*> kRows[] = {
      {"{}", ""},
      {"{spec: {currency: ZZZ}}", "spec.currency"},
      {"{spec: {validUntil: '2026-01-01T00:00:00Z'}}", "spec.validUntil"},
      {"{spec: {items: [{meter: storage, price: '1', per: CPUHour}], discounts: []}}",
       "spec.items[0].per"},
      {"{spec: {items: [{meter: units, price: '1', per: UnitDay}], discounts: []}}",
       "spec.items[0].unit"},
      {"{spec: {items: [{meter: storage, unit: compute, price: '1', per: TBDay}], discounts: []}}",
       "spec.items[0].unit"},
      {"{spec: {items: [{meter: storage, price: '1', per: TBDay, minimum: '9', maximum: '3'}], "
       "discounts: []}}",
       "spec.items[0].maximum"},
      {"{spec: {items: [{meter: storage, price: '1', per: TBDay, tiers: [{upTo: '5', price: '2'}, "
       "{upTo: '5', price: '1'}]}], discounts: []}}",
       "spec.items[0].tiers[1].upTo"},
      {"{spec: {items: [{meter: storage, price: '-1', per: TBDay}], discounts: []}}",
       "spec.items[0].price"},
      {"{spec: {items: [{meter: storage, price: '0.1234567890123', per: TBDay}], discounts: []}}",
       "spec.items[0].price"},
      {"{spec: {items: [{meter: storage, price: '1', per: TBDay}]}}", "spec.discounts[0].on"},
      {"{spec: {discounts: [{'on': Active, percent: '10'}]}}", "spec.discounts[0].on"},
      {"{spec: {items: [{meter: bytes-sent, basis: Active, price: '1', per: TBDay}], discounts: "
       "[]}}",
       "spec.items[0].per"},
      {"{spec: {items: [{meter: page-faults, price: '1', per: MillionPageFaults}], discounts: []}}",
       "spec.items[0].basis"},
      {"{spec: {items: [{meter: cpu-seconds-used, basis: Active, price: '1', per: CPUSecond}]}}",
       "spec.discounts[0].on"},
  };
  for (const auto& [patch, field] : kRows)
    EXPECT_EQ(refusal(with(patch)), field) << patch;
}

TEST(RateCardAdmit, IsImmutableOnceEffectiveButForItsEnd) {
  const auto before = card_object();
  const auto dearer =
      with("{spec: {items: [{meter: cpu-hours, basis: Active, price: '9', per: CPUHour}]}}");
  EXPECT_EQ(refusal(dearer, &before, kBefore), "");
  EXPECT_EQ(refusal(dearer, &before, kWithin), "spec");
  EXPECT_EQ(refusal(with("{spec: {effectiveFrom: '2027-01-01T00:00:00Z'}}"), &before), "spec");
  EXPECT_EQ(refusal(with("{spec: {validUntil: '2026-12-31T00:00:00Z'}}"), &before), "");
  EXPECT_EQ(refusal(with("{spec: {validUntil: '2026-05-31T00:00:00Z'}}"), &before),
            "spec.validUntil");
  const auto ended = with("{spec: {validUntil: '2026-05-01T00:00:00Z'}}");
  EXPECT_EQ(refusal(before, &ended), "spec.validUntil");
  EXPECT_EQ(refusal(ended, &ended), "");
}

RateCard card(const char* patch = "{}") {
  return read_rate_card(with(patch)).value();
}

Step planned(const RateCard& rates, const char* now, std::vector<std::string> users = {}) {
  return plan(rates, {.now = parse_time(now).value(), .users = std::move(users)});
}

TEST(RateCardPlan, FollowsTheClockFromScheduledToExpired) {
  const auto rates = card("{spec: {validUntil: '2027-01-01T00:00:00Z'}}");
  const auto early = planned(rates, kBefore);
  EXPECT_EQ(early.ready.reason, "NotYetEffective");
  EXPECT_EQ(early.outcome.after, Duration(std::chrono::seconds(1)));
  EXPECT_FALSE(early.status.effective);
  const auto within = planned(rates, "2026-12-31T23:59:59Z");
  EXPECT_EQ(within.ready.status, "True");
  EXPECT_TRUE(within.status.effective);
  EXPECT_EQ(within.outcome.after, Duration(std::chrono::seconds(1)));
  const auto late = planned(rates, "2027-01-01T00:00:00Z");
  EXPECT_EQ(late.ready.reason, "Expired");
  EXPECT_FALSE(late.status.effective);
}

TEST(RateCardPlan, WithoutAnEndWaitsForNothing) {
  EXPECT_EQ(planned(card(), kWithin).outcome, Outcome::done());
}

TEST(RateCardPlan, InDeletionSaysByWhomItIsUsed) {
  auto rates = card();
  rates.meta.deleted = kWithin;
  const auto waiting = planned(rates, kWithin, {"service offering web"});
  ASSERT_TRUE(waiting.deletion);
  EXPECT_EQ(waiting.deletion->blocker, "used by service offering web");
  EXPECT_FALSE(planned(rates, kWithin).release.empty());
}

TEST(RateCardPlan, IsStalledWhenItsRatesMakeNoSense) {
  const auto step = planned(card("{spec: {currency: ZZZ}}"), kWithin);
  EXPECT_EQ(step.ready.reason, "InvalidSpec");
  EXPECT_FALSE(step.status.effective);
}

TEST(RateCardPhase, IsDerivedFromConditions) {
  EXPECT_EQ(phase_of({{"Ready", "True", "Effective", ""}}), "Effective");
  EXPECT_EQ(phase_of({{"Ready", "Unknown", "NotYetEffective", ""}}), "Scheduled");
  EXPECT_EQ(phase_of({{"Ready", "False", "Expired", ""}, {"Stalled", "True", "Expired", ""}}),
            "Expired");
  EXPECT_EQ(phase_of({{"Ready", "False", "InvalidSpec", ""}, {"Stalled", "True", "x", ""}}),
            "Invalid");
}

}  // namespace
}  // namespace charter::rate_card
