#include "tests/reconcilers/machine/machine_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Providers against real store, API and simulated hosts.
namespace charter::test {
namespace {

using namespace std::chrono_literals;

TEST(ProviderWorld, ALookFillsCapacityHostsAndInventoryAndLaterLooksWriteNothing) {
  MachineWorld world;
  EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
  EXPECT_TRUE(world.is("Provider", "p", "Reachable"));
  EXPECT_EQ(world.field("Provider", "p", "status.capacity.free.vcpus"), "32");
  EXPECT_EQ(world.get("Provider", "p")["status"]["hosts"].size(), 2U);
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.settle_for(11s);
  EXPECT_EQ(world.field("Provider", "p", "status.inventory.machines"), "1");
  EXPECT_EQ(world.field("Provider", "p", "status.capacity.used.vcpus"), "4");
  EXPECT_EQ(world.field("Provider", "p", "status.capacity.free.vcpus"), "28");
  world.expect_quiet(5min);
}

TEST(ProviderWorld, ADriverThatThisBuildLacksIsNamed) {
  World world;
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: kvm}
spec:
  driver: libvirt
  location: {region: eu-central, jurisdiction: EU}
  libvirt: {uri: "qemu:///system", storagePools: [{name: default}]}
)");
  world.settle();
  EXPECT_TRUE(world.is("Provider", "kvm", "Stalled"));
  EXPECT_EQ(world.explain("Provider", "kvm"),
            "Ready=False Unsupported: driver libvirt is not available in this build");
}

TEST(ProviderWorld, LibvirtTakesNoCredentialsThatItWouldIgnore) {
  World world;
  const auto refused = world.try_apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: kvm}
spec:
  driver: libvirt
  location: {region: eu-central, jurisdiction: EU}
  libvirt: {uri: "qemu:///system", storagePools: [{name: default}]}
  credentialsRef: {name: a, namespace: default}
)");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("spec.credentialsRef"), std::string::npos);
}

TEST(ProviderWorld, DriverSectionMustFitAndStay) {
  World world;
  EXPECT_FALSE(world.try_apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: p}
spec: {driver: simulated, location: {region: eu, jurisdiction: EU}}
)"));
  world.apply(kProvider);
  const auto refused = world.try_edit(
      "Provider", "p",
      "{spec: {driver: libvirt, simulated: null, libvirt: {uri: 'qemu:///system', storagePools: "
      "[{name: x}]}}}");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("spec.driver"), std::string::npos);
  ASSERT_TRUE(
      world.try_edit("Provider", "p", "{spec: {credentialsRef: {name: a, namespace: default}}}"));
  EXPECT_EQ(world.warnings().size(), 1U);
}

TEST(ProviderWorld, InjectedFailuresSayHowOftenExactlyOnce) {
  MachineWorld world;
  for (const char* failure : {"{call: create}", "{call: create, every: 1, first: 1}",
                              "{call: create, every: 1, error: Slow}"}) {
    EXPECT_FALSE(world.try_edit("Provider", "p",
                                std::string("{spec: {simulated: {failures: [") + failure + "]}}}"))
        << failure;
  }
  world.edit("Provider", "p", "{spec: {simulated: {failures: [{call: no_such_call, every: 1}]}}}");
  world.settle();
  EXPECT_EQ(world.reason("Provider", "p"), "InvalidSettings") << world.explain("Provider", "p");
}

TEST(ProviderWorld, DeletionWaitsForItsMachinesAndNamesThem) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.remove("Provider", "p");
  world.settle();
  EXPECT_EQ(world.reason("Provider", "p", "Deleting"), "InUse");
  EXPECT_NE(world.explain("Provider", "p", "Deleting").find("machine shop/m0"), std::string::npos);
  world.remove("Machine", "shop/m0");
  EXPECT_TRUE(world.is_gone("Machine", "shop/m0"));
  EXPECT_TRUE(world.is_gone("Provider", "p"));
}

TEST(ProviderWorld, AnUnreachableEndpointIsShownAndMachinesKeepTheirDeletionPending) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.edit("Provider", "p", "{spec: {simulated: {failures: [{call: Any, every: 1}]}}}");
  world.settle_for(11s);
  EXPECT_EQ(world.reason("Provider", "p"), "NotReachable") << world.explain("Provider", "p");
  world.remove("Machine", "shop/m0");
  world.settle_for(5s);
  EXPECT_TRUE(world.exists("Machine", "shop/m0"));
  EXPECT_EQ(world.reason("Machine", "shop/m0", "Deleting"), "ProviderUnreachable");
  world.edit("Provider", "p", "{spec: {simulated: {failures: null}}}");
  EXPECT_TRUE(world.is_gone("Machine", "shop/m0"));
  EXPECT_TRUE(world.is("Provider", "p", "Ready")) << world.explain("Provider", "p");
  EXPECT_EQ(world.external_things("p"), 0);
}

TEST(ProviderWorld, ForeignThingsAreNoOrphans) {
  MachineWorld world;
  ASSERT_TRUE(world.admin("p").add_foreign({.name = "theirs", .uid = "x", .vcpus = 1}));
  world.settle_for(11s);
  EXPECT_FALSE(world.condition("Provider", "p", "Orphaned"));
  EXPECT_EQ(world.field("Provider", "p", "status.inventory.machines"), "0");
}

TEST(ProviderWorld, ARestartCausesNoWrite) {
  MachineWorld world;
  world.apply(machine_yaml("m0"));
  ASSERT_TRUE(world.is_ready("Machine", "shop/m0"));
  world.settle_for(30s);
  const auto revision = world.commits();
  world.restart();
  world.settle_for(30s);
  EXPECT_EQ(world.commits(), revision);
}

}  // namespace
}  // namespace charter::test
