#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

// What comes to light after a bill was issued is a line of the next one, and before that it is on
// the bill itself.
namespace charter {
namespace {

using test::BillingWorld;

const char* const kProvider = "datacenter-1";
const char* const kJune = "consumerco/orders-2026-06";
const char* const kJuly = "consumerco/orders-2026-07";

/// Nobody can look at the hosts, or everybody can again.
void set_outage(BillingWorld& world, bool out) {
  world.edit("Provider", kProvider,
             out ? "{spec: {simulated: {failures: [{call: Any, every: 1, error: Unavailable}]}}}"
                 : "{spec: {simulated: {failures: []}}}");
  world.settle();
}

/// A month with three servers, one of which dies on its last evening while nobody can look.
void live_until_one_dies_unseen(BillingWorld& world) {
  world.contract();
  world.provision();
  world.live_until("2026-06-30T20:00:00Z");
  set_outage(world, true);
  const auto machine = world.names("Machine", "consumerco").front();
  ASSERT_TRUE(world.admin(kProvider).kill(world.uid("Machine", machine)));
}

bool has(const std::vector<std::string>& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

TEST(LateUsage, AfterTheBillWasIssuedIsALineOfTheNextOne) {
  BillingWorld world;
  live_until_one_dies_unseen(world);
  world.live_until("2026-07-01T00:00:00Z");
  world.live_until("2026-07-03T00:00:00Z");
  ASSERT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.lines(kJune)[0],
            "Processors of active servers|cpu-hours|Active|8640|CPUHour|0.13|1123.20|");
  const auto june = world.bytes(kJune);
  set_outage(world, false);
  world.settle_for(std::chrono::hours(1));
  world.live_until("2026-08-01T00:00:00Z");
  world.live_until("2026-08-03T00:00:00Z");
  ASSERT_EQ(world.invoice(kJuly, "status.phase"), "Issued") << world.explain("Invoice", kJuly);
  EXPECT_EQ(world.bytes(kJune), june) << "an issued bill stays as it is";
  const auto lines = world.lines(kJuly);
  // Four hours of four processors that did not run, but were ordered.
  EXPECT_TRUE(has(lines,
                  "Processors of active servers|cpu-hours|Active|-16|CPUHour|0.13|-2.08|"
                  "orders-2026-06 line 1"))
      << ::testing::PrintToString(lines);
  EXPECT_TRUE(has(lines,
                  "cpu-hours, ordered but not provisioned|cpu-hours|OrderedNotProvisioned|16|"
                  "CPUHour|0.078|1.25|orders-2026-06"))
      << ::testing::PrintToString(lines);
  world.live_until("2026-09-03T00:00:00Z");
  for (const auto& line : world.lines("consumerco/orders-2026-08"))
    EXPECT_TRUE(line.ends_with("|")) << "it is corrected once: " << line;
}

TEST(LateUsage, BeforeTheBillIsIssuedIsOnTheBillItself) {
  BillingWorld world;
  live_until_one_dies_unseen(world);
  world.live_until("2026-07-01T00:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Draft");
  set_outage(world, false);
  world.settle_for(std::chrono::hours(1));
  world.live_until("2026-07-03T00:00:00Z");
  ASSERT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.lines(kJune)[0],
            "Processors of active servers|cpu-hours|Active|8624|CPUHour|0.13|1121.12|");
  world.live_until("2026-08-03T00:00:00Z");
  for (const auto& line : world.lines(kJuly))
    EXPECT_TRUE(line.ends_with("|")) << "nothing is left to correct: " << line;
}

}  // namespace
}  // namespace charter
