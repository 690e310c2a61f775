#include "tests/reconcilers/machine/machine_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

// Machines against real store, API and simulated hosts.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

const std::string kM = "shop/m0";

TEST(MachineWorld, AMachineBecomesReadyThroughItsConditionsAndThenNothingHappens) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  world.settle();
  EXPECT_TRUE(world.is("Machine", kM, "Provisioned")) << world.explain("Machine", kM);
  EXPECT_FALSE(world.is("Machine", kM, "ImageDeployed")) << "the image takes a second";
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  for (const char* type : {"Scheduled", "Provisioned", "ImageDeployed", "Configured"})
    EXPECT_TRUE(world.is("Machine", kM, type)) << type;
  EXPECT_EQ(world.field("Machine", kM, "status.state"), "Running");
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "4");
  EXPECT_EQ(world.field("Machine", kM, "status.memory"), "8GB");
  EXPECT_EQ(world.field("Machine", kM, "status.phase"), "Running");
  EXPECT_FALSE(world.field("Machine", kM, "status.address").empty());
  EXPECT_FALSE(world.field("Machine", kM, "status.bootedAt").empty());
  EXPECT_EQ(world.external_things("p"), 1);
  world.settle_for(30s);
  world.expect_quiet();
}

TEST(MachineWorld, CreationToReadyCostsAtMostThreeStatusWrites) {
  MachineWorld world;
  world.settle_for(30s);
  world.apply(machine_yaml("m0"));
  const auto events = [&] { return static_cast<int64_t>(world.names("Event").size()); };
  const int64_t before = world.commits() - events();
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.settle();
  // Finalizer, three status writes; the provider counts its capacity at most once meanwhile.
  EXPECT_LE(world.commits() - events() - before, 5);
}

TEST(MachineWorld, PowerOffKeepsAddressAndIdentityAndPowerOnUsesThemAgain) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  const auto address = world.field("Machine", kM, "status.address");
  const auto id = world.field("Machine", kM, "status.externalID");
  world.edit("Machine", kM, "{spec: {power: 'Off'}}");
  ASSERT_TRUE(world.has_reason("Machine", kM, "Stopped")) << world.explain("Machine", kM);
  EXPECT_TRUE(world.is("Machine", kM, "Ready"));
  EXPECT_EQ(world.field("Machine", kM, "status.power"), "Off");
  EXPECT_EQ(world.field("Machine", kM, "status.address"), address);
  world.edit("Machine", kM, "{spec: {power: 'On'}}");
  ASSERT_TRUE(world.has_reason("Machine", kM, "Running")) << world.explain("Machine", kM);
  EXPECT_EQ(world.field("Machine", kM, "status.address"), address);
  EXPECT_EQ(world.field("Machine", kM, "status.externalID"), id);
  world.settle_for(30s);
  world.expect_quiet();
}

TEST(MachineWorld, ResizesLiveWithoutARestartWhereTheDriverCan) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  const auto booted = world.field("Machine", kM, "status.bootedAt");
  world.edit("Machine", kM, "{spec: {vcpus: 2}}");
  world.settle();
  EXPECT_TRUE(world.is("Machine", kM, "Ready")) << world.explain("Machine", kM);
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "2");
  EXPECT_EQ(world.field("Machine", kM, "status.bootedAt"), booted);
  EXPECT_FALSE(world.condition("Machine", kM, "DriftDetected")) << "a change of ours is no drift";
}

std::string without_live_resize() {
  std::string text = kProvider;
  return text.replace(text.find("bootTime"), 0, "liveResize: false\n    ");
}

TEST(MachineWorld, InPlaceOnlyStallsWhereARestartWouldBeNeededAndRevertingClearsIt) {
  MachineWorld world(without_live_resize());
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  const auto booted = world.field("Machine", kM, "status.bootedAt");
  world.edit("Machine", kM, "{spec: {vcpus: 2}}");
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM), "InPlaceNotPossible") << world.explain("Machine", kM);
  EXPECT_TRUE(world.is("Machine", kM, "Stalled"));
  EXPECT_EQ(world.get("Machine", kM)["status"]["staged"][0]["needs"], "Restart");
  world.settle_for(30s);
  world.expect_quiet();
  EXPECT_EQ(world.field("Machine", kM, "status.bootedAt"), booted) << "nothing was restarted";
  world.edit("Machine", kM, "{spec: {vcpus: 4}}");
  world.settle();
  EXPECT_TRUE(world.is("Machine", kM, "Ready")) << world.explain("Machine", kM);
  EXPECT_FALSE(world.condition("Machine", kM, "Stalled"));
  EXPECT_EQ(world.field("Machine", kM, "status.staged"), "");
  world.settle_for(30s);
  world.expect_quiet();
}

TEST(MachineWorld, AllowRestartStopsAndStartsTheSameMachine) {
  MachineWorld world(without_live_resize());
  world.apply(machine_yaml("m0", "updatePolicy: {strategy: AllowRestart}"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  const auto booted = world.field("Machine", kM, "status.bootedAt");
  const auto id = world.field("Machine", kM, "status.externalID");
  world.edit("Machine", kM, "{spec: {vcpus: 2}}");
  world.settle();
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "2");
  EXPECT_NE(world.field("Machine", kM, "status.bootedAt"), booted);
  EXPECT_EQ(world.field("Machine", kM, "status.externalID"), id);
}

TEST(MachineWorld, ALargerBootDiskNeedsAllowReplaceAndThenMakesExactlyOneNewMachine) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  const auto id = world.field("Machine", kM, "status.externalID");
  world.edit("Machine", kM, "{spec: {bootDisk: {size: 200GB}}}");
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM), "InPlaceNotPossible");
  world.edit("Machine", kM, "{spec: {updatePolicy: {strategy: AllowReplace}}}");
  world.settle();
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  EXPECT_NE(world.field("Machine", kM, "status.externalID"), id);
  EXPECT_EQ(world.external_things("p"), 1);
}

TEST(MachineWorld, AVanishedMachineIsShownAsDriftAndMadeAgain) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.settle_for(11s);
  ASSERT_TRUE(world.admin("p").undefine(world.uid("Machine", kM)));
  EXPECT_TRUE(world.settle_until([&] { return world.is("Machine", kM, "DriftDetected"); }, 11s))
      << world.explain("Machine", kM);
  EXPECT_EQ(world.get("Machine", kM)["status"]["drift"][0]["field"], "existence");
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  EXPECT_FALSE(world.condition("Machine", kM, "DriftDetected"));
  EXPECT_EQ(world.external_things("p"), 1);
}

TEST(MachineWorld, AVanishedMachineIsOnlyReportedUnderPolicyReport) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "driftPolicy: {mode: Report}"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.settle_for(11s);
  ASSERT_TRUE(world.admin("p").undefine(world.uid("Machine", kM)));
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Machine", kM), "DriftReported") << world.explain("Machine", kM);
  EXPECT_TRUE(world.is("Machine", kM, "DriftDetected"));
  world.settle_for(30s);
  world.expect_quiet();
  EXPECT_EQ(world.external_things("p"), 0);
}

TEST(MachineWorld, WhatAnAdministratorChangedOutsideIsPutRight) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.settle_for(11s);
  ASSERT_TRUE(world.admin("p").kill(world.uid("Machine", kM)));
  world.settle_for(11s);
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  ASSERT_TRUE(world.admin("p").edit(world.uid("Machine", kM), {.vcpus = 1}));
  world.settle_for(11s);
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "4") << world.explain("Machine", kM);
  EXPECT_TRUE(world.is("Machine", kM, "Ready"));
}

TEST(MachineWorld, ReportShowsAChangedSizeAndLeavesItWhileChangesOfTheSpecStillReachTheMachine) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "driftPolicy: {mode: Report}"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.settle_for(11s);
  ASSERT_TRUE(world.admin("p").edit(world.uid("Machine", kM), {.vcpus = 1}));
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Machine", kM, "DriftDetected"), "DriftReported");
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "1");
  world.edit("Machine", kM, "{spec: {memory: 16GB}}");
  world.settle();
  EXPECT_EQ(world.field("Machine", kM, "status.memory"), "16GB");
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "1") << "the drift is still left alone";
  world.edit("Machine", kM, "{spec: {vcpus: 2}}");
  world.settle();
  EXPECT_EQ(world.field("Machine", kM, "status.vcpus"), "2");
}

TEST(MachineWorld, AForeignMachineWithOurUidIsNeverTouched) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));  // no pass has run yet
  const auto uid = world.uid("Machine", kM);
  ASSERT_TRUE(world.admin("p").add_foreign({.name = "theirs", .uid = uid, .vcpus = 1}));
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM), "NotYours") << world.explain("Machine", kM);
  const auto calls = world.mutating_calls("p");
  world.remove("Machine", kM);
  EXPECT_TRUE(world.is_gone("Machine", kM));
  EXPECT_EQ(world.mutating_calls("p"), calls);
  EXPECT_EQ(world.admin("p").machines()->rows.size(), 1U);
}

TEST(MachineWorld, DeletionStopsRemovesAndReleases) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", kM));
  world.remove("Machine", kM);
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM, "Deleting"), "StoppingMachine");
  EXPECT_TRUE(world.is_gone("Machine", kM));
  EXPECT_EQ(world.external_things("p"), 0);
}

TEST(MachineWorld, WaitsForCapacityAndStartsWhenThereIsRoom) {
  MachineWorld world;
  world.apply(machine_yaml("big0", "vcpus: 16"));
  world.apply(machine_yaml("big1", "vcpus: 16"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/big0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/big1"));
  world.apply(machine_yaml("m0"));
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM), "WaitForCapacity") << world.explain("Machine", kM);
  world.remove("Machine", "shop/big1");
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
}

TEST(MachineWorld, UserDataComesFromTheSecretAndItsAbsenceIsNamed) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "userDataSecretRef: {name: init}"));
  world.settle();
  EXPECT_EQ(world.reason("Machine", kM), "ReferenceNotFound");
  EXPECT_NE(world.explain("Machine", kM).find("secret shop/init"), std::string::npos);
  world.apply(R"({apiVersion: v1, kind: Secret, metadata: {name: init, namespace: shop},
                 data: {user-data: I2Nsb3VkLWNvbmZpZwo=}})");
  ASSERT_TRUE(world.is_ready("Machine", kM)) << world.explain("Machine", kM);
  EXPECT_EQ(encode(world.get("Machine", kM)).find("cloud-config"), std::string::npos);
}

TEST(MachineWorld, LostRepliesNeverMakeASecondMachine) {
  std::string text = kProvider;
  text.replace(text.find("bootTime"), 0,
               "failures: [{call: Any, rate: '0.3', error: LostReply}]\n    ");
  MachineWorld world(text);
  for (const char* name : {"m0", "m1", "m2"})
    world.apply(machine_yaml(name));
  for (const char* name : {"shop/m0", "shop/m1", "shop/m2"})
    ASSERT_TRUE(world.is_ready("Machine", name)) << world.explain("Machine", name);
  EXPECT_EQ(world.external_things("p"), 3) << "and each history is sound";
}

// Everything a machine lives through, while the N-th driver call fails. True when no call did.
bool survives_failure_at(int64_t number, CallFault fault) {
  MachineWorld world;
  world.faults().fault = fault;
  world.faults().calls = 0;
  world.faults().fail_at = number;
  world.apply(machine_yaml("m0"));
  EXPECT_TRUE(world.is_ready("Machine", kM)) << number << " " << world.explain("Machine", kM);
  world.edit("Machine", kM, "{spec: {vcpus: 2, power: 'Off'}}");
  EXPECT_TRUE(world.has_reason("Machine", kM, "Stopped")) << number;
  EXPECT_EQ(world.external_things("p"), 1) << number;
  world.restart();
  world.edit("Machine", kM, "{spec: {power: 'On'}}");
  EXPECT_TRUE(world.has_reason("Machine", kM, "Running")) << number;
  world.remove("Machine", kM);
  EXPECT_TRUE(world.is_gone("Machine", kM)) << number << world.explain("Machine", kM, "Deleting");
  EXPECT_EQ(world.external_things("p"), 0) << number;
  return !world.faults().was_reached();
}

TEST(MachineWorld, AnyOneDriverCallMayFail) {
  for (const auto fault : {CallFault::Refused, CallFault::LostReply}) {
    int64_t number = 1;
    while (!survives_failure_at(number, fault) && !testing::Test::HasFailure())
      ++number;
    EXPECT_GT(number, 15) << "the scenario makes more calls than that";
  }
}

std::string provider_with(const std::string& security) {
  std::string provider = test::kProvider;
  return provider.insert(provider.find("  simulated:"), "  security: " + security + "\n");
}

TEST(MachineWorld, ItsDiskClassNetworksAndProtectionReachTheHost) {
  MachineWorld world(provider_with("{isolation: [DedicatedHost], encryptionAtRest: true}"));
  world.apply(machine_yaml("m0",
                           "networks: [tenant, backup], "
                           "security: {isolation: DedicatedHost, encryptionAtRest: true}"));
  world.edit("Machine", kM, "{spec: {bootDisk: {class: ssd}}}");
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
  const auto shown = world.admin("p").machine("shop/m0");
  ASSERT_TRUE(shown);
  std::map<std::string, std::string> fields;
  for (const auto& row : shown->rows)
    fields[row.at(0)] = row.at(1);
  EXPECT_EQ(fields["networks"], "tenant,backup");
  EXPECT_EQ(fields["diskClass"], "ssd");
  EXPECT_EQ(fields["tenant"], "shop");
  EXPECT_EQ(fields["isolation"], "DedicatedHost");
  EXPECT_EQ(fields["encrypted"], "yes");
  EXPECT_NE(world.condition("Machine", "shop/m0", "Provisioned")
                ->message.find("DedicatedHost, encrypted at rest"),
            std::string::npos);
}

TEST(MachineWorld, WhatItsProviderCannotProtectIsRefusedUntilTheProviderCan) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "security: {encryptionAtRest: true}"));
  world.apply(machine_yaml("m1", "security: {isolation: DedicatedHost}"));
  world.settle_for(5s);
  EXPECT_TRUE(
      world.explain("Machine", "shop/m0")
          .starts_with("Ready=False EncryptionNotPossible: provider p: can't encrypt at rest"))
      << world.explain("Machine", "shop/m0");
  EXPECT_EQ(world.reason("Machine", "shop/m1", "Stalled"), "IsolationNotPossible");
  EXPECT_EQ(world.external_things("p"), 0);
  world.expect_quiet();
  world.apply(provider_with("{isolation: [TenantNetwork], encryptionAtRest: true}"));
  EXPECT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
  EXPECT_EQ(world.external_things("p"), 1);
}

TEST(MachineWorld, AMachineThatIsLessProtectedThanAskedIsNeverReady) {
  MachineWorld world(provider_with("{isolation: [TenantNetwork], encryptionAtRest: true}"));
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  const auto uid = world.field("Machine", "shop/m0", "status.externalID");
  world.edit("Machine", "shop/m0", "{spec: {security: {encryptionAtRest: true}}}");
  EXPECT_TRUE(world.has_reason("Machine", "shop/m0", "InPlaceNotPossible"))
      << world.explain("Machine", "shop/m0");
  world.edit("Machine", "shop/m0", "{spec: {updatePolicy: {strategy: AllowReplace}}}");
  EXPECT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
  EXPECT_NE(world.field("Machine", "shop/m0", "status.externalID"), uid);
  EXPECT_EQ(world.admin("p").machines()->rows.at(0).at(9), "yes");
}

TEST(MachineWorld, AVolumeWaitsForAMachineThatVanishedAndIsNotTriedInVain) {
  MachineWorld world;
  world.apply(machine_yaml("m0", "volumes: [{name: v0}], driftPolicy: {mode: Ignore}"));
  world.apply(
      "{apiVersion: charter.dev/v1alpha1, kind: Volume, metadata: {name: v0, namespace: shop},"
      " spec: {size: 100GB, providerRef: {name: p}, instanceRef: {name: order-mgmt}}}");
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0")) << world.explain("Machine", "shop/m0");
  ASSERT_TRUE(world.admin("p").undefine("shop/m0"));
  world.settle_for(60s);
  EXPECT_EQ(world.reason("Machine", "shop/m0"), "Lost");
  EXPECT_EQ(world.explain("Volume", "shop/v0"),
            "Ready=Unknown Attaching: waiting for machines: m0");
  world.expect_quiet();
}

}  // namespace
}  // namespace charter::test
