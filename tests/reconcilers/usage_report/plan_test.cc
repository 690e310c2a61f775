#include "reconcilers/usage_report/plan.h"

#include <gtest/gtest.h>

namespace charter::usage_report {
namespace {

using namespace std::chrono_literals;

Instant time(const char* text) {
  return parse_time(text).value();
}

UsageReport june() {
  UsageReport report;
  report.spec.contract.name = "orders";
  report.spec.period = {time("2026-06-01T00:00:00Z"), time("2026-07-01T00:00:00Z")};
  return report;
}

Observed seen(const char* now) {
  Observed have;
  have.now = time(now);
  have.has_contract = have.is_metered = true;
  have.settled = time("2026-07-03T00:00:00Z");
  have.answer.emplace();
  return have;
}

TEST(UsageReportPlan, AReportIsMadeWhenAskedForAndWhenPeriodAndGraceEnd) {
  auto report = june();
  const auto running = plan(report, seen("2026-06-10T00:00:00Z"));
  EXPECT_EQ(running.ready.reason, "Active");
  EXPECT_EQ(running.outcome, Outcome::wait(21 * 24h, "Active"));
  EXPECT_FALSE(running.status.complete);
  report.status = running.status;
  const Instant settled = time("2026-07-03T00:00:00Z");
  EXPECT_FALSE(is_due(report, time("2026-06-20T00:00:00Z"), settled));
  EXPECT_TRUE(is_due(report, time("2026-07-01T00:00:00Z"), settled));
  report.status = plan(report, seen("2026-07-01T00:00:00Z")).status;
  EXPECT_FALSE(is_due(report, time("2026-07-02T00:00:00Z"), settled));
  const auto over = plan(report, seen("2026-07-03T00:00:00Z"));
  EXPECT_EQ(over.ready.reason, "Complete");
  EXPECT_TRUE(over.status.complete);
  EXPECT_EQ(over.outcome, Outcome::done());
}

TEST(UsageReportPlan, WhatCannotBeAnsweredSaysWhy) {
  auto have = seen("2026-06-10T00:00:00Z");
  have.answer.reset();
  have.is_metered = false;
  EXPECT_EQ(plan(june(), have).ready.reason, "ContractNotActive");
  have.has_contract = false;
  EXPECT_EQ(plan(june(), have).ready.reason, "ReferenceNotFound");
  EXPECT_EQ(plan(june(), seen("2026-05-31T00:00:00Z")).ready.reason, "Pending");
}

TEST(UsageReportPlan, ADeletedOneIsNotHeld) {
  auto object = june();
  object.meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_TRUE(plan(object, {}).release.empty());
  EXPECT_EQ(plan(object, {}).ready.reason, "Deleting");
}

}  // namespace
}  // namespace charter::usage_report
