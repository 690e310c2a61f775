#include "reconcilers/usage_report/plan.h"

#include "reconcilers/common/reasons.h"

#include <gtest/gtest.h>

namespace charter::usage_report {
namespace {

TEST(UsageReportPlan, SaysThatMeteringIsNotPartOfThisBuild) {
  const auto step = plan({});
  EXPECT_EQ(step.ready.status, "False");
  EXPECT_EQ(step.ready.reason, "MeteringNotAvailable");
  EXPECT_NE(step.ready.message.find("metering is not part of this build"), std::string::npos);
  EXPECT_EQ(class_of(step.ready.reason), ReasonClass::Terminal);
  EXPECT_FALSE(step.action);
}

TEST(UsageReportPlan, ADeletedOneIsNotHeld) {
  UsageReport object;
  object.meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_TRUE(plan(object).release.empty());
  EXPECT_EQ(plan(object).ready.reason, "Deleting");
}

}  // namespace
}  // namespace charter::usage_report
