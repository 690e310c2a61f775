#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What machines consume, from the hosts' counters to the bill. A simulated machine is busy a
// quarter of the time: each hour of a server of four processors is 3,600 processor seconds.
namespace charter {
namespace {

using namespace std::chrono_literals;
using test::BillingWorld;

const char* const kProvider = "datacenter-1";
const char* const kJune = "consumerco/orders-2026-06";
const char* const kItems =
    "  - {meter: cpu-seconds-used, basis: Active, price: \"0.00001\", per: CPUSecond}\n"
    "  - {meter: bytes-sent, basis: Active, price: \"0.09\", per: GiB}\n";

int64_t reads_of(BillingWorld& world) {
  int64_t count = 0;
  const auto calls = world.admin(kProvider).ledger({.limit = 1'000'000});
  for (const auto& call : *calls)
    count += call.call == "counters" ? 1 : 0;
  return count;
}

std::string line_of(BillingWorld& world, const std::string& meter) {
  for (const auto& line : world.lines(kJune)) {
    if (line.find("|" + meter + "|") != std::string::npos) return line;
  }
  return "none";
}

std::vector<std::string> quantities(BillingWorld& world, const std::string& report,
                                    const std::string& meter) {
  std::vector<std::string> found;
  const Json object = world.get("UsageReport", report);
  for (const auto& line : object["status"]["lines"]) {
    if (text_at(line, {"meter"}) == meter)
      found.push_back(text_at(line, {"quantity"}) + " " + text_at(line, {"unit"}));
  }
  return found;
}

void end(BillingWorld& world) {
  world.edit("Contract", BillingWorld::kContract, "{spec: {terminate: {requested: true}}}");
  world.settle_for(1min);
  ASSERT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
}

TEST(ConsumptionWorld, IsReadByTheHourWithOneCallAndBilledToTheNanosecond) {
  BillingWorld world({}, kItems);
  world.contract();
  world.provision();
  const int64_t before = reads_of(world);
  for (const char* hour : {"01:00:00", "02:00:00", "03:00:00"})
    world.live_until(std::string("2026-06-01T") + hour + "Z");
  EXPECT_EQ(reads_of(world) - before, 3) << "one bulk call an hour for three machines";
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: UsageReport
metadata: {name: hours, namespace: consumerco}
spec:
  contractRef: {name: orders}
  granularity: Hour
  period: {from: "2026-06-01T00:00:00Z", to: "2026-06-01T03:00:00Z"}
)");
  world.settle();
  EXPECT_EQ(quantities(world, "consumerco/hours", "cpu-seconds-used"),
            (std::vector<std::string>{"10800 CPUSecond", "10800 CPUSecond", "10800 CPUSecond"}));
  EXPECT_EQ(quantities(world, "consumerco/hours", "page-faults").front(), "4.32 MillionPageFaults");
  world.expect_quiet(30min);
  world.scale(1);
  world.live_until("2026-06-01T06:30:00Z");
  end(world);
  // Three servers for 3.5 hours, one for three.
  EXPECT_EQ(line_of(world, "cpu-seconds-used"),
            "cpu-seconds-used|cpu-seconds-used|Active|48600|CPUSecond|0.00001|0.49|");
  // 48 KiB a second: 13.5 machine hours.
  EXPECT_EQ(line_of(world, "bytes-sent"),
            "bytes-sent|bytes-sent|Active|2.224731445|GiB|0.09|0.20|");
}

TEST(ConsumptionWorld, WithoutAPriceNobodyAsksAndNothingIsWritten) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_until("2026-06-01T05:00:00Z");
  EXPECT_EQ(reads_of(world), 0);
  world.expect_quiet(2h);
}

TEST(ConsumptionWorld, AProviderThatCountsNothingSaysSoAndNothingIsCharged) {
  BillingWorld world({}, kItems);
  world.contract();
  world.faults().counts_nothing = true;
  world.provision();
  world.live_until("2026-06-01T01:00:00Z");
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Provider", kProvider, "ConsumptionMetered"), "NotMetered")
      << world.explain("Provider", kProvider);
  EXPECT_TRUE(world.is("Provider", kProvider, "Ready"));
  world.expect_quiet(30min);
  world.faults().counts_nothing = false;
  world.live_until("2026-06-01T02:00:00Z");
  world.settle_for(11s);
  EXPECT_FALSE(world.condition("Provider", kProvider, "ConsumptionMetered"));
  end(world);
}

TEST(ConsumptionWorld, ARestartAndAnOutageLoseAndDoubleNothing) {
  BillingWorld world({}, kItems);
  world.contract();
  world.provision();
  world.live_until("2026-06-01T01:00:00Z");
  const int64_t before = reads_of(world);
  world.restart();
  world.settle();
  EXPECT_EQ(reads_of(world), before) << "this hour was read";
  world.live_until("2026-06-01T01:59:50Z");
  world.restart();
  world.live_until("2026-06-01T04:10:00Z");  // nobody was there at three and four
  world.live_until("2026-06-01T05:00:00Z");
  end(world);
  EXPECT_EQ(line_of(world, "cpu-seconds-used"),
            "cpu-seconds-used|cpu-seconds-used|Active|54000|CPUSecond|0.00001|0.54|");
}

TEST(ConsumptionWorld, CountersThatBeginAnewAreNeverCountedTwice) {
  BillingWorld world({}, kItems);
  world.contract();
  world.provision();
  world.live_until("2026-06-01T01:00:00Z");
  world.live_until("2026-06-01T01:30:00Z");
  const auto machine = world.uid("Machine", world.names("Machine", "consumerco").front());
  // Half an hour of one machine is seen by nobody.
  ASSERT_TRUE(world.admin(kProvider).reset_counters(machine));
  world.live_until("2026-06-01T02:00:00Z");
  world.live_until("2026-06-01T03:00:00Z");
  // It crashes and is started again: another epoch, and what it was before is not told any more.
  ASSERT_TRUE(world.admin(kProvider).kill(machine));
  world.settle_for(1h);
  world.live_until("2026-06-01T05:00:00Z");
  end(world);
  const auto line = line_of(world, "cpu-seconds-used");
  const auto at = line.find("Active|");
  ASSERT_NE(at, std::string::npos) << line;
  const int64_t seconds = std::stoll(line.substr(at + 7));
  EXPECT_LE(seconds, 54'000 - 1'800);
  EXPECT_GE(seconds, 54'000 - 1'800 - 3'600) << "the machine was down for less than an hour";
}

TEST(ConsumptionWorld, WhatWasConsumedBeforeAStopOfOursIsChargedThoughTheHostForgetsIt) {
  BillingWorld world({}, kItems);
  world.contract();
  world.provision();
  world.live_until("2026-06-01T01:00:00Z");
  world.live_until("2026-06-01T01:30:00Z");
  world.scale(1);
  world.settle();
  world.live_until("2026-06-01T01:45:00Z");
  world.scale(3);  // another run, that counts from zero, before the next hour
  world.settle();
  world.live_until("2026-06-01T02:00:00Z");
  end(world);
  // Three for an hour and a half, one for a quarter, three for a quarter.
  EXPECT_EQ(line_of(world, "cpu-seconds-used"),
            "cpu-seconds-used|cpu-seconds-used|Active|19800|CPUSecond|0.00001|0.20|");
}

}  // namespace
}  // namespace charter
