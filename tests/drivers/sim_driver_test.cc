#include "drivers/simulated/sim_driver.h"

#include "tests/drivers/sim_bench.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace charter {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string with(const std::string& fields) {
  std::string settings = kTwoHosts;
  return settings.insert(1, fields + ",");
}

const char* const kOneSmallHost =
    R"({"hosts":[{"name":"h1","vcpus":4,"memory":"8Gi","storage":"100Gi"}]})";

TEST(SimulatedDriver, PowerFollowsTheClock) {
  SimBench bench(with(R"("bootTime":"3s","imageTime":"5s","stopTime":"2s")"));
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.clock().advance(seconds(4));
  EXPECT_FALSE(bench.observed("a").image_deployed);
  bench.clock().advance(seconds(1));
  EXPECT_TRUE(bench.observed("a").image_deployed);
  EXPECT_EQ(bench.observed("a").power, PowerState::Starting)
      << "boots only once the image is there";
  EXPECT_EQ(bench.observed("a").address, "");
  bench.clock().advance(seconds(3));
  EXPECT_EQ(bench.observed("a").power, PowerState::On);
  EXPECT_EQ(bench.observed("a").booted_at_s, 1'780'000'008);
  EXPECT_EQ(bench.observed("a").address, "10.1.0.2");
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::Off));
  EXPECT_EQ(bench.observed("a").power, PowerState::Stopping);
  bench.clock().advance(seconds(2));
  EXPECT_EQ(bench.observed("a").power, PowerState::Off);
  EXPECT_EQ(bench.observed("a").address, "10.1.0.2");
}

TEST(SimulatedDriver, AStartDuringAStopBootsAfterIt) {
  SimBench bench(with(R"("bootTime":"3s","stopTime":"2s")"));
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.settle();
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::Off));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.clock().advance(seconds(4));
  EXPECT_EQ(bench.observed("a").power, PowerState::Starting);
  bench.clock().advance(seconds(1));
  EXPECT_EQ(bench.observed("a").power, PowerState::On);
}

TEST(SimulatedDriver, AMachineStoppedWhileStartingNeverHadAnAddress) {
  SimBench bench;
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::Off));
  bench.settle();
  EXPECT_EQ(bench.observed("a").power, PowerState::Off);
  EXPECT_EQ(bench.observed("a").address, "");
}

TEST(SimulatedDriver, PlacesOnTheHostWithMostFreeMemoryThenByName) {
  SimBench bench;
  std::vector<std::string> hosts;
  for (const char* uid : {"a", "b", "c"}) {
    MachineSpec spec = bench.spec(uid);
    if (spec.uid == "a") spec.memory_bytes = 10 * kGiB;
    ASSERT_TRUE(bench.driver().create(spec));
    hosts.push_back(bench.observed(uid).host);
  }
  EXPECT_EQ(hosts, (std::vector<std::string>{"h1", "h2", "h2"}));
}

TEST(SimulatedDriver, AFullEndpointAsksToWaitAndNamesAskedAndLargestFree) {
  SimBench bench(kOneSmallHost);
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  MachineSpec large = bench.spec("b");
  large.vcpus = 4;
  const Status refused = bench.driver().create(large);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::TooManyRequests);
  EXPECT_EQ(refused.error().reason, "WaitForCapacity");
  EXPECT_EQ(refused.error().message,
            "asked 4 vcpus, 2GiB memory, 10GiB storage: no host has room; the largest free is h1 "
            "with 2 vcpus, 6GiB memory, "
            "90GiB storage");
  ASSERT_TRUE(bench.driver().remove("a"));
  EXPECT_TRUE(bench.driver().create(large)) << "room that was freed is room again";
}

TEST(SimulatedDriver, WhatNoEmptyHostCouldHoldIsInfeasible) {
  SimBench bench;
  MachineSpec huge = bench.spec("a");
  huge.memory_bytes = 100 * kGiB;  // two hosts of 64 GiB
  const Status refused = bench.driver().create(huge);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_EQ(refused.error().reason, "Infeasible");
}

TEST(SimulatedDriver, AccountsEveryKindOfRoomOnEveryWay) {
  SimBench bench(kOneSmallHost);
  ProviderDriver& driver = bench.driver();
  const auto free = [&] { return driver.look()->hosts.at(0).free; };
  ASSERT_TRUE(driver.create(bench.spec("a")));
  EXPECT_EQ(free(), (Capacity{2, 6 * kGiB, 90 * kGiB}));
  ASSERT_TRUE(driver.create_volume({.uid = "v", .name = "v", .size_bytes = 20 * kGiB}));
  EXPECT_EQ(free(), (Capacity{2, 6 * kGiB, 70 * kGiB}));
  ASSERT_TRUE(driver.grow_volume("v", 30 * kGiB));
  EXPECT_EQ(free(), (Capacity{2, 6 * kGiB, 60 * kGiB}));
  ASSERT_TRUE(driver.resize("a", 3, kGiB));
  EXPECT_EQ(free(), (Capacity{1, 7 * kGiB, 60 * kGiB}));
  EXPECT_EQ(driver.grow_volume("v", 91 * kGiB).error().reason, "WaitForCapacity");
  EXPECT_EQ(driver.resize("a", 5, kGiB).error().reason, "Infeasible");
  ASSERT_TRUE(driver.create_volume({.uid = "w", .name = "w", .size_bytes = 60 * kGiB}));
  EXPECT_EQ(driver.create_volume({.uid = "x", .name = "x", .size_bytes = 1}).error().reason,
            "WaitForCapacity");
  ASSERT_TRUE(driver.remove("a"));
  ASSERT_TRUE(driver.remove_volume("v"));
  ASSERT_TRUE(driver.remove_volume("w"));
  EXPECT_EQ(free(), (Capacity{4, 8 * kGiB, 100 * kGiB}));
}

TEST(SimulatedDriver, ALiveResizeWaitsForRoomOnItsOwnHost) {
  SimBench bench(kOneSmallHost);
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().create(bench.spec("b")));
  const auto refused = bench.driver().resize("a", 3, 2 * kGiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "WaitForCapacity");
  EXPECT_EQ(refused.error().message, "asked 3 vcpus: host h1 could give it 2 vcpus, 6GiB memory");
  EXPECT_TRUE(bench.driver().resize("a", 1, 2 * kGiB));
  EXPECT_TRUE(bench.driver().resize("b", 3, 2 * kGiB));
}

TEST(SimulatedDriver, WithoutLiveResizeTheDifferenceIsStagedAndHoldsItsRoom) {
  SimBench bench(with(R"("liveResize":false)"));
  ProviderDriver& driver = bench.driver();
  ASSERT_TRUE(driver.create(bench.spec("a")));
  ASSERT_TRUE(driver.set_power("a", PowerState::On));
  bench.settle();
  EXPECT_EQ(*driver.resize("a", 8, 4 * kGiB), ResizeOutcome::RestartRequired);
  EXPECT_EQ(bench.observed("a").vcpus, 2);
  EXPECT_EQ(driver.look()->hosts.at(0).free.vcpus, 8)
      << "the restart must not fail for lack of room";
  ASSERT_TRUE(driver.set_power("a", PowerState::Off));
  EXPECT_EQ(bench.observed("a").vcpus, 2) << "still stopping";
  bench.settle();
  EXPECT_EQ(bench.observed("a").vcpus, 8) << "when off, the definition counts";
  ASSERT_TRUE(driver.set_power("a", PowerState::On));
  bench.settle();
  EXPECT_EQ(bench.observed("a").vcpus, 8);
  EXPECT_EQ(bench.observed("a").memory_bytes, 4 * kGiB);
}

TEST(SimulatedDriver, RevertingAStagedResizeClearsIt) {
  SimBench bench(with(R"("liveResize":false)"));
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.settle();
  ASSERT_TRUE(bench.driver().resize("a", 8, 4 * kGiB));
  EXPECT_EQ(*bench.driver().resize("a", 2, 2 * kGiB), ResizeOutcome::Applied);
  EXPECT_EQ(bench.driver().look()->hosts.at(0).free.vcpus, 14);
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::Off));
  bench.settle();
  EXPECT_EQ(bench.observed("a").vcpus, 2);
}

TEST(SimulatedDriver, AddressesAreDistinctAndTheSameForTheSameSeedAndCalls) {
  const auto address_of_second = [](const std::string& settings) {
    SimBench bench(settings);
    for (const char* uid : {"a", "b"}) {
      EXPECT_TRUE(bench.driver().create(bench.spec(uid)));
      EXPECT_TRUE(bench.driver().set_power(uid, PowerState::On));
    }
    bench.settle();
    EXPECT_NE(bench.observed("a").address, bench.observed("b").address);
    return bench.observed("b").address;
  };
  EXPECT_EQ(address_of_second(kTwoHosts), address_of_second(kTwoHosts));
  EXPECT_NE(address_of_second(kTwoHosts), address_of_second(with(R"("seed":77)")));
  EXPECT_NE(address_of(1, 1), address_of(254 * 256 + 1, 1));
}

TEST(SimulatedDriver, AHostNoLongerNamedTakesNothingNewAndGoesWhenEmpty) {
  SimBench bench;
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_EQ(bench.observed("a").host, "h1");
  bench.reconfigure(R"({"hosts":[{"name":"h3","vcpus":4,"memory":"4Gi","storage":"100Gi"}]})");
  const auto inventory = bench.driver().look();
  ASSERT_EQ(inventory->hosts.size(), 2u) << "h2 was empty";
  EXPECT_EQ(inventory->hosts[0].name, "h1");
  EXPECT_EQ(inventory->hosts[0].free, Capacity{}) << "its room is not for sale";
  ASSERT_TRUE(bench.driver().create(bench.spec("b")));
  EXPECT_EQ(bench.observed("b").host, "h3");
  EXPECT_TRUE(bench.driver().set_power("a", PowerState::On)) << "what is there goes on";
  ASSERT_TRUE(bench.driver().remove("a"));
  bench.reconfigure(R"({"hosts":[{"name":"h3","vcpus":8,"memory":"8Gi","storage":"100Gi"}]})");
  ASSERT_EQ(bench.driver().look()->hosts.size(), 1u);
  EXPECT_EQ(bench.driver().look()->hosts[0].total.vcpus, 8);
}

TEST(SimulatedDriver, LatencyWithAManualClockDelaysTheEffectAndBlocksNobody) {
  SimBench bench(with(R"("latency":"10s","bootTime":"1s","imageTime":"0s")"));
  ASSERT_TRUE(bench.driver().create(bench.spec("a")));
  ASSERT_TRUE(bench.driver().set_power("a", PowerState::On));
  bench.clock().advance(seconds(10));
  EXPECT_EQ(bench.observed("a").power, PowerState::Starting);
  bench.clock().advance(seconds(1));
  EXPECT_EQ(bench.observed("a").power, PowerState::On);
}

TEST(SimulatedDriver, LatencyAndDelaysBlockTheCallerWhereAPauseIsGiven) {
  Duration paused{};
  ManualClock clock(Instant(seconds(1'000)));
  const SimSurroundings surroundings{&clock, [&](Duration length) { paused += length; }};
  const auto settings = parse_sim_settings(with(
      R"("latency":"20ms","failures":[{"call":"look","every":1,"error":"Hang","delay":"5s"}])"));
  const auto driver = SimulatedDriver::open(*settings, SimWorld::in_memory(), surroundings);
  ASSERT_TRUE(driver);
  EXPECT_TRUE((*driver)->observe("a"));
  EXPECT_EQ(paused, milliseconds(20));
  const auto look = (*driver)->look();
  ASSERT_FALSE(look);
  EXPECT_EQ(look.error().code, Code::Timeout);
  EXPECT_EQ(paused, milliseconds(5'040));
}

TEST(SimulatedDriver, LookHintsAtWhatChangedSinceTheLastLook) {
  SimBench bench;
  std::vector<std::string> hinted;
  bench.driver().on_hint([&](const std::string& uid) { hinted.push_back(uid); });
  ASSERT_TRUE(bench.driver().look());
  for (const char* uid : {"a", "b", "c"})
    ASSERT_TRUE(bench.driver().create(bench.spec(uid)));
  ASSERT_TRUE(bench.driver().look());
  EXPECT_EQ(hinted, (std::vector<std::string>{"a", "b", "c"}));
  const auto restarted = bench.reconnect();
  hinted.clear();
  restarted->on_hint([&](const std::string& uid) { hinted.push_back(uid); });
  ASSERT_TRUE(restarted->look());
  EXPECT_TRUE(hinted.empty()) << "a first look has nothing to compare with";
  bench.settle();
  ASSERT_TRUE(bench.driver().look());
  EXPECT_EQ(hinted, (std::vector<std::string>{"a", "b", "c"})) << "images were deployed";
  hinted.clear();
  ASSERT_TRUE(bench.driver().look());
  EXPECT_TRUE(hinted.empty());
  ASSERT_TRUE(bench.admin().edit("b", {.vcpus = 9}));
  bench.vanish("c");
  ASSERT_TRUE(bench.driver().look());
  EXPECT_EQ(hinted, (std::vector<std::string>{"b", "c"}));
}

TEST(SimulatedDriver, ADedicatedHostIsSharedWithNobodyElse) {
  SimBench bench;
  bench.reconfigure({.tenancies = {Tenancy::TenantNetwork, Tenancy::DedicatedHost}});
  const auto create = [&bench](const std::string& uid, const std::string& tenant, Tenancy tenancy) {
    auto spec = bench.spec(uid);
    spec.protection = {.tenant = tenant, .tenancy = tenancy};
    return bench.driver().create(spec);
  };
  ASSERT_TRUE(create("a", "acme", Tenancy::DedicatedHost));
  const auto own = bench.observed("a").host;
  ASSERT_TRUE(create("b", "other", Tenancy::TenantNetwork));
  EXPECT_NE(bench.observed("b").host, own) << "no neighbour moves in";
  ASSERT_TRUE(create("c", "acme", Tenancy::DedicatedHost));
  EXPECT_EQ(bench.observed("c").host, own) << "the tenant's own machines share it";
  const auto full = create("d", "third", Tenancy::DedicatedHost);
  ASSERT_FALSE(full) << "no host is free of others";
  EXPECT_EQ(full.error().reason, "WaitForCapacity");
  EXPECT_NE(full.error().message.find("free of other tenants"), std::string::npos);
}

}  // namespace
}  // namespace charter
