#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

// What simulated machines consume: to the nanosecond the load times the time that they ran.
namespace charter {
namespace {

using std::chrono::seconds;

constexpr int64_t kSecond = 1'000'000'000;

/// A bench with one machine of two processors that has just booted.
class SimCounters : public ::testing::Test {
 protected:
  explicit SimCounters(const std::string& directory = "") : bench_(kTwoHosts, directory) {
    EXPECT_TRUE(bench_.driver().create(bench_.spec("a")));
    pass(seconds(1));
    EXPECT_TRUE(bench_.driver().set_power("a", PowerState::On));
    pass(seconds(2));
  }
  void pass(Duration length) { bench_.clock().advance(length); }
  MachineCounters counted(ProviderDriver& driver) {
    const auto all = driver.counters();
    EXPECT_TRUE(all && all->size() == 1u);
    return all && !all->empty() ? all->front() : MachineCounters{};
  }
  MachineCounters counted() { return counted(bench_.driver()); }

  SimBench bench_;
};

TEST_F(SimCounters, ConsumptionFollowsFromTheTimeThatItRan) {
  EXPECT_EQ(counted().cpu_ns, 0) << "booting consumes nothing";
  pass(seconds(10));
  const MachineCounters used = counted();
  EXPECT_EQ(used.epoch, "vm-1/1");
  EXPECT_EQ(used.cpu_ns, 10 * kSecond * 2 / 4);
  EXPECT_EQ(used.page_faults, 10 * 2 * 100);
  EXPECT_EQ(used.read_bytes, 10 * (64 << 10));
  EXPECT_EQ(used.written_bytes, 10 * (32 << 10));
  EXPECT_EQ(used.received_bytes, 10 * (16 << 10));
  EXPECT_EQ(used.sent_bytes, 10 * (48 << 10));
}

TEST_F(SimCounters, AResizeChangesTheLoadFromThenOn) {
  pass(seconds(10));
  ASSERT_TRUE(bench_.driver().resize("a", 4, 4 * kGiB));
  pass(seconds(10));
  EXPECT_EQ(counted().cpu_ns, (10 * 2 + 10 * 4) * kSecond / 4);
  EXPECT_EQ(counted().read_bytes, 20 * (64 << 10));
}

TEST_F(SimCounters, ShuttingDownCountsUntilItIsOffAndTheNextStartBeginsAtZero) {
  pass(seconds(10));
  ASSERT_TRUE(bench_.driver().set_power("a", PowerState::Off));
  pass(seconds(100));
  EXPECT_EQ(counted().cpu_ns, 11 * kSecond * 2 / 4) << "it took one second to stop";
  EXPECT_EQ(counted().epoch, "vm-1/1");
  ASSERT_TRUE(bench_.driver().set_power("a", PowerState::On));
  EXPECT_EQ(counted().cpu_ns, 0);
  EXPECT_EQ(counted().epoch, "vm-1/2");
  pass(seconds(5));
  EXPECT_EQ(counted().cpu_ns, 3 * kSecond * 2 / 4) << "two of the five seconds it booted";
}

TEST_F(SimCounters, WhatIsKilledOrPausedConsumesNothingMore) {
  pass(seconds(10));
  ASSERT_TRUE(bench_.admin().pause("a"));
  pass(seconds(100));
  EXPECT_EQ(counted().cpu_ns, 10 * kSecond * 2 / 4);
  ASSERT_TRUE(bench_.driver().set_power("a", PowerState::On));
  pass(seconds(5));
  EXPECT_EQ(counted().cpu_ns, 15 * kSecond * 2 / 4) << "a pause is no start";
  ASSERT_TRUE(bench_.admin().kill("a"));
  pass(seconds(100));
  EXPECT_EQ(counted().cpu_ns, 15 * kSecond * 2 / 4);
  EXPECT_EQ(counted().epoch, "vm-1/1");
}

TEST_F(SimCounters, AnAdminCanSetThemToZeroWithoutAnotherEpoch) {
  pass(seconds(10));
  ASSERT_TRUE(bench_.admin().reset_counters("a"));
  EXPECT_EQ(counted().cpu_ns, 0);
  EXPECT_EQ(counted().epoch, "vm-1/1");
  pass(seconds(4));
  EXPECT_EQ(counted().cpu_ns, 4 * kSecond * 2 / 4);
  EXPECT_FALSE(bench_.admin().reset_counters("b"));
}

TEST_F(SimCounters, MachinesOfAHostThatIsDownAreNotListed) {
  pass(seconds(10));
  ASSERT_TRUE(bench_.admin().set_host(bench_.observed("a").host, HostPower::Down));
  const auto all = bench_.driver().counters();
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->empty());
}

TEST_F(SimCounters, TheCallCanBeMadeToFail) {
  std::string settings = kTwoHosts;
  settings.insert(1, R"("failures":[{"call":"counters","first":1}],)");
  bench_.reconfigure(settings);
  const auto failed = bench_.driver().counters();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::ServiceUnavailable);
  EXPECT_TRUE(bench_.driver().counters());
}

/// In a file, with a directory that outlives the bench.
class SimCountersFile : public ::testing::Test {
 protected:
  TempDir directory_;
};

TEST_F(SimCountersFile, TheyGoOnWhileNoProcessHasTheWorldOpen) {
  {
    SimBench bench(kTwoHosts, directory_.path());
    ASSERT_TRUE(bench.driver().create(bench.spec("a")));
    bench.settle();
    ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  }
  SimBench later(kTwoHosts, directory_.path());  // at the clock of the first one's beginning
  later.clock().advance(std::chrono::minutes(1) + seconds(2) + seconds(30));
  const auto all = later.driver().counters();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 1u);
  EXPECT_EQ(all->front().cpu_ns, 30 * kSecond * 2 / 4);
  EXPECT_EQ(all->front().epoch, "vm-1/1");
}

}  // namespace
}  // namespace charter
