#include "tests/reconcilers/machine/machine_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Volumes against real store, API and simulated hosts.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

const std::string kV = "shop/v0";

/// A Volume of an instance, so that it needs no contract.
std::string volume_yaml(const std::string& name, const std::string& more = {}) {
  return R"({apiVersion: charter.dev/v1alpha1, kind: Volume, metadata: {name: )" + name +
         R"(, namespace: shop}, spec: {instanceRef: {name: order-mgmt}, size: 100GB,
 providerRef: {name: p})" +
         (more.empty() ? "" : ", " + more) + "}}";
}

TEST(VolumeWorld, AVolumeIsMadeOnceAndBecomesAvailable) {
  MachineWorld world;
  world.apply(volume_yaml("v0"));
  world.settle();
  EXPECT_TRUE(world.is("Volume", kV, "Ready")) << world.explain("Volume", kV);
  EXPECT_EQ(world.reason("Volume", kV), "Available");
  EXPECT_EQ(world.field("Volume", kV, "status.size"), "100GB");
  EXPECT_EQ(world.field("Volume", kV, "status.provider"), "p");
  EXPECT_EQ(world.external_things("p"), 1);
  world.settle_for(30s);
  world.expect_quiet();
}

TEST(VolumeWorld, GrowsLiveAndRefusesToShrink) {
  MachineWorld world;
  world.apply(volume_yaml("v0"));
  world.settle();
  world.edit("Volume", kV, "{spec: {size: 200GB}}");
  world.settle();
  EXPECT_EQ(world.field("Volume", kV, "status.size"), "200GB");
  const auto refused = world.try_edit("Volume", kV, "{spec: {size: 50GB}}");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("never shrinks"), std::string::npos);
}

TEST(VolumeWorld, ASharedVolumeIsAttachedToAllMachinesThatNameItOrAreNamed) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "volumes: [{name: v0}]"));
  world.apply(machine_yaml("m1"));
  world.settle_for(5s);
  EXPECT_EQ(world.reason("Machine", "shop/m0"), "Attaching");
  world.apply(volume_yaml("v0", "shared: true, attachTo: [{name: m1}]"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
  ASSERT_TRUE(world.is_ready("Volume", kV)) << world.explain("Volume", kV);
  EXPECT_EQ(world.get("Volume", kV)["status"]["attachedTo"], Json::array({"m0", "m1"}));
  EXPECT_EQ(world.get("Machine", "shop/m0")["status"]["attachedVolumes"], Json::array({"v0"}));
  world.settle_for(30s);
  world.expect_quiet();
  world.edit("Volume", kV, "{spec: {attachTo: null}}");
  world.settle();
  EXPECT_EQ(world.get("Volume", kV)["status"]["attachedTo"], Json::array({"m0"}));
}

TEST(VolumeWorld, DeleteDestroysWhileRetainAndDetachKeep) {
  MachineWorld world;
  for (const char* policy : {"Delete", "Retain", "Detach"}) {
    const int64_t before = world.external_things("p");
    world.apply(volume_yaml("v0", std::string("reclaimPolicy: ") + policy));
    world.settle();
    world.remove("Volume", kV);
    EXPECT_TRUE(world.is_gone("Volume", kV)) << policy;
    const int64_t kept = world.external_things("p") - before;
    EXPECT_EQ(kept, std::string(policy) == "Delete" ? 0 : 1) << policy;
  }
  world.settle_for(11s);
  EXPECT_EQ(world.get("Provider", "p")["status"]["orphans"].size(), 2U)
      << "what was kept is known to the provider";
  world.expect_quiet();
}

TEST(VolumeWorld, DeletionDetachesFirstAndAMachineMayGoBeforeItsVolume) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "volumes: [{name: v0}]"));
  world.apply(volume_yaml("v0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.remove("Machine", "shop/m0");
  world.remove("Volume", kV);
  EXPECT_TRUE(world.is_gone("Machine", "shop/m0"));
  EXPECT_TRUE(world.is_gone("Volume", kV)) << world.explain("Volume", kV, "Deleting");
  EXPECT_EQ(world.external_things("p"), 0);
}

TEST(VolumeWorld, AnUnsharedVolumeForTwoMachinesIsRefused) {
  MachineWorld world;
  EXPECT_FALSE(world.try_apply(volume_yaml("v0", "attachTo: [{name: a}, {name: b}]")));
}

TEST(VolumeWorld, AConsumersVolumeNeedsAContract) {
  MachineWorld world;
  const auto refused = world.try_apply(R"({apiVersion: charter.dev/v1alpha1, kind: Volume,
    metadata: {name: v0, namespace: shop}, spec: {size: 100GB}})");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("spec.contractRef"), std::string::npos);
}

// A volume's whole life while the N-th driver call fails. True when no call did.
bool survives_failure_at(int64_t number, CallFault fault) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  EXPECT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.faults().fault = fault;
  world.faults().calls = 0;
  world.faults().fail_at = number;
  world.apply(volume_yaml("v0", "attachTo: [{name: m0}]"));
  EXPECT_TRUE(world.is_ready("Volume", kV)) << number << " " << world.explain("Volume", kV);
  world.edit("Volume", kV, "{spec: {size: 200GB, attachTo: null}}");
  EXPECT_TRUE(world.has_reason("Volume", kV, "Available")) << number;
  EXPECT_EQ(world.external_things("p"), 2) << number;
  world.remove("Volume", kV);
  EXPECT_TRUE(world.is_gone("Volume", kV)) << number << world.explain("Volume", kV, "Deleting");
  EXPECT_EQ(world.external_things("p"), 1) << number;
  return !world.faults().was_reached();
}

TEST(VolumeWorld, AnyOneDriverCallMayFail) {
  for (const auto fault : {CallFault::Refused, CallFault::LostReply}) {
    int64_t number = 1;
    while (!survives_failure_at(number, fault) && !testing::Test::HasFailure())
      ++number;
    EXPECT_GT(number, 10) << "the scenario makes more calls than that";
  }
}

}  // namespace
}  // namespace charter::test
