#include "reconcilers/invoice/plan.h"

#include "reconcilers/common/reasons.h"

#include <gtest/gtest.h>

namespace charter::invoice {
namespace {

TEST(InvoicePlan, SaysThatMeteringIsNotPartOfThisBuild) {
  const auto step = plan({});
  EXPECT_EQ(step.ready.status, "False");
  EXPECT_EQ(step.ready.reason, "MeteringNotAvailable");
  EXPECT_NE(step.ready.message.find("metering is not part of this build"), std::string::npos);
  EXPECT_EQ(class_of(step.ready.reason), ReasonClass::Terminal);
  EXPECT_FALSE(step.action);
}

TEST(InvoicePlan, ADeletedOneIsNotHeld) {
  Invoice object;
  object.meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_TRUE(plan(object).release.empty());
  EXPECT_EQ(plan(object).ready.reason, "Deleting");
}

}  // namespace
}  // namespace charter::invoice
