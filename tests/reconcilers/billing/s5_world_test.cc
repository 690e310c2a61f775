#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Scenario S5 lived through: real store, API and reconcilers, simulated hosts, a month in seconds.
namespace charter {
namespace {

using test::BillingWorld;

const char* const kJune = "consumerco/orders-2026-06";

const std::vector<std::string> kLines = {
    "Processors of active servers|cpu-hours|Active|4752|CPUHour|0.13|617.76|",
    "Data volumes|storage|Allocated|15|TBDay|5|75.00|",
    "cpu-hours, ordered but not "
    "provisioned|cpu-hours|OrderedNotProvisioned|3888|CPUHour|0.078|303.26|",
};

TEST(S5, TheBillOfJuneIs996Dollars02) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_through_june();
  world.live_until("2026-07-01T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Draft") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.invoice(kJune, "status.dueAt"), "2026-07-03T00:00:00Z");
  world.live_until("2026-07-03T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.lines(kJune), kLines);
  EXPECT_EQ(world.invoice(kJune, "status.total"), "996.02");
  EXPECT_EQ(world.invoice(kJune, "spec.period.from"), "2026-06-01T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "spec.period.to"), "2026-07-01T00:00:00Z");
  world.expect_quiet();
}

}  // namespace
}  // namespace charter
