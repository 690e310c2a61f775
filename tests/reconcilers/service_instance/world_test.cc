#include "tests/support/world.h"

#include "crds/types/kinds.h"
#include "reconcilers/machine/reconciler.h"
#include "reconcilers/provider/reconciler.h"
#include "reconcilers/service_instance/children.h"
#include "reconcilers/service_instance/look.h"
#include "reconcilers/service_instance/reconciler.h"
#include "reconcilers/volume/reconciler.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

// Scenarios S3, S4 and S7 with real store, API and simulated hosts. Contract and revision are put
// there as they are once accepted, so that only instance, machine, volume and provider take part.
namespace charter::service_instance {
namespace {

using namespace std::chrono_literals;
using charter::test::World;
using charter::test::WorldOptions;

constexpr const char* kInstance = "consumerco/order-mgmt";

const char* const kProvider = R"(
apiVersion: charter.dev/v1alpha1
kind: Provider
metadata: {name: datacenter-1}
spec:
  driver: simulated
  location: {region: eu-central, jurisdiction: EU}
  machineClasses: [{name: high-speed, vcpusMax: 8, memoryMax: 64GB}]
  security: {isolation: [SharedNetwork, TenantNetwork], encryptionAtRest: true}
  simulated:
    bootTime: 2s
    hosts: [{name: host-1, vcpus: 64, memory: 256GB, storage: 10TB}]
)";

const char* const kServiceInstance = R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceInstance
metadata: {name: order-mgmt, namespace: consumerco}
spec:
  contractRef: {name: orders}
  parameters: {vcpus: 4, memory: 8GB, disk: 100GB, os: open-linux}
  replicas: 3
  volumes: [{name: data, size: 500GB, shared: true}]
)";

WorldOptions without_contracts() {
  WorldOptions options;
  options.add_controllers = [](Manager& manager, DriverPool& drivers) {
    manager.add(provider::controller(drivers));
    manager.add(controller());
    auto& machines = manager.add(machine::controller(drivers));
    auto& volumes = manager.add(volume::controller(drivers));
    provider::route_hints(drivers, manager.caches(), machines, volumes);
  };
  return options;
}

struct InstanceWorld : ::testing::Test {
  World world{without_contracts()};

  InstanceWorld() {
    world.apply("{apiVersion: v1, kind: Namespace, metadata: {name: consumerco}}");
    put(kinds::contracts(), sample_contract());
    put(kinds::service_offering_revisions(), sample_revision());
  }
  void put(const Gvr& resource, const Json& tree) {
    const ObjectName name{text_at(tree, {"metadata", "namespace"}),
                          text_at(tree, {"metadata", "name"})};
    const auto there = world.store().get(kinds::bucket(resource), name);
    const auto committed = world.store().commit({Write::Op::Put,
                                                 {kinds::bucket(resource), name},
                                                 there ? there->header().version : 0,
                                                 Encoded::make(tree, 0),
                                                 {}});
    ASSERT_TRUE(committed) << committed.error().message;
  }
  void run_to_ready() {
    world.apply(kProvider);
    world.apply(kServiceInstance);
    ASSERT_TRUE(world.settle_until([&] { return ready(); }, 60s))
        << world.explain("ServiceInstance", kInstance);
  }
  bool ready() { return world.is("ServiceInstance", kInstance, "Ready"); }
  std::string field(const std::string& path) {
    return world.field("ServiceInstance", kInstance, path);
  }
  std::string machine(int index, const std::string& path) {
    return world.field("Machine", std::string(kInstance) + "-" + std::to_string(index), path);
  }
  void scale(int replicas) {
    world.edit("ServiceInstance", kInstance,
               "{spec: {replicas: " + std::to_string(replicas) + "}}");
    world.settle_for(30s);
    EXPECT_TRUE(ready()) << world.explain("ServiceInstance", kInstance);
  }
};

TEST_F(InstanceWorld, ThreeMachinesAndAVolumeBecomeReadyAndThenNothingIsWritten) {
  run_to_ready();
  EXPECT_EQ(world.names("Machine", "consumerco").size(), 3u);
  EXPECT_EQ(field("status.summary.active"), "3/3");
  EXPECT_EQ(field("status.placement.jurisdiction"), "EU");
  EXPECT_EQ(field("status.phase"), "Running");
  for (const char* type : {"Scheduled", "Provisioned", "ImageDeployed", "Configured"})
    EXPECT_TRUE(world.is("ServiceInstance", kInstance, type)) << type;
  EXPECT_EQ(world.external_things("datacenter-1"), 4);
  world.settle_for(30s);
  world.expect_quiet();
}

TEST_F(InstanceWorld, FromCreationToReadyStatusIsWrittenFourTimes) {
  world.apply(kProvider);
  world.settle_for(10s);
  const auto start = world.store().revision();
  run_to_ready();
  const auto bucket = kinds::bucket(kinds::service_instances());
  const auto events = world.store().events(bucket, start, 1'000);
  ASSERT_TRUE(events);
  int writes = 0;
  std::string trail;
  Json last;
  for (const auto& event : *events) {
    const auto tree = event->object->tree();
    const auto* status = at(tree, {"status"});
    const Json now = status != nullptr ? *status : Json();
    if (now != last) {
      ++writes;
      trail += encode(now) + "\n";
    }
    last = now;
  }
  EXPECT_LE(writes, 4) << trail;
}

TEST_F(InstanceWorld, AResizeReachesEveryMachineAndKeepsIt) {
  run_to_ready();
  std::vector<std::string> uids;
  for (int i = 0; i < 3; ++i)
    uids.push_back(machine(i, "metadata.uid"));
  EXPECT_FALSE(world.try_edit("ServiceInstance", kInstance,
                              "{spec: {volumes: [{name: data, size: 400GB}]}}"));
  world.edit("ServiceInstance", kInstance,
             "{spec: {parameters: {vcpus: 2}, updatePolicy: {strategy: AllowRestart}}}");
  world.settle_for(120s);
  EXPECT_TRUE(ready()) << world.explain("ServiceInstance", kInstance);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(machine(i, "status.vcpus"), "2") << i;
    EXPECT_EQ(machine(i, "metadata.uid"), uids[static_cast<size_t>(i)]);
  }
  world.expect_quiet();
}

TEST_F(InstanceWorld, AccessIsInASecretOnly) {
  run_to_ready();
  const auto name = field("status.accessSecretRef.name");
  EXPECT_EQ(name, "order-mgmt-access");
  const auto secret = world.get("Secret", "consumerco/" + name);
  const auto password = secret_text(secret, "password");
  EXPECT_EQ(password.size(), 24u);
  EXPECT_EQ(secret_text(secret, "user"), kLoginUser);
  for (int i = 0; i < 3; ++i) {
    const auto line = "order-mgmt-" + std::to_string(i) + " " + machine(i, "status.address") + "\n";
    EXPECT_NE(secret_text(secret, "addresses").find(line), std::string::npos) << line;
  }
  for (const char* kind : {"ServiceInstance", "Machine", "Volume", "Event"}) {
    for (const auto& object : world.names(kind))
      EXPECT_EQ(encode(world.get(kind, object)).find(password), std::string::npos)
          << kind << " " << object;
  }
}

TEST_F(InstanceWorld, ScalingKeepsIdentityAddressAndDisk) {
  run_to_ready();
  std::vector<std::string> uids, addresses;
  for (int i = 0; i < 3; ++i) {
    uids.push_back(machine(i, "metadata.uid"));
    addresses.push_back(machine(i, "status.address"));
  }
  scale(1);
  EXPECT_EQ(field("status.summary.active"), "1/1");
  EXPECT_EQ(machine(2, "status.power"), "Off");
  EXPECT_EQ(world.external_things("datacenter-1"), 4) << "disks are kept";
  scale(2);
  EXPECT_EQ(field("status.replicas"), "2");
  EXPECT_EQ(machine(1, "metadata.uid"), uids[1]);
  EXPECT_EQ(machine(1, "status.address"), addresses[1]);
  EXPECT_EQ(machine(2, "status.power"), "Off");
  world.expect_quiet();
}

TEST_F(InstanceWorld, AtTheTimeThatIsAskedForMachinesRestartOneAfterTheOtherAndOnce) {
  run_to_ready();
  world.settle_for(30s);
  const auto booted = [&] {
    std::vector<std::string> times;
    for (int i = 0; i < 3; ++i)
      times.push_back(machine(i, "status.bootedAt"));
    return times;
  };
  const auto before = booted();
  const std::string at =
      format_time(std::chrono::floor<std::chrono::seconds>(world.clock().now()) + 60s);
  world.edit("ServiceInstance", kInstance, "{spec: {restartAt: \"" + at + "\"}}");
  world.settle_for(50s);
  EXPECT_EQ(booted(), before) << "not yet";
  EXPECT_TRUE(ready());
  int away_most = 0;
  const auto all_are_back = [&] {
    int away = 0, later = 0;
    for (int i = 0; i < 3; ++i) {
      const auto since = machine(i, "status.bootedAt");
      away += machine(i, "status.state") != "Running";
      later += since >= at;
    }
    away_most = std::max(away_most, away);
    return later == 3 && ready();
  };
  EXPECT_TRUE(world.settle_until(all_are_back, 120s))
      << world.explain("ServiceInstance", kInstance);
  EXPECT_EQ(away_most, 1);
  const auto after = booted();
  world.settle_for(60s);
  EXPECT_EQ(booted(), after) << "and not again";
  world.expect_quiet();
}

TEST_F(InstanceWorld, DeletionLeavesNothing) {
  run_to_ready();
  world.remove("ServiceInstance", kInstance);
  world.settle_for(60s);
  EXPECT_FALSE(world.exists("ServiceInstance", kInstance))
      << world.explain("ServiceInstance", kInstance, "Deleting");
  for (const char* kind : {"Machine", "Volume", "Secret"})
    EXPECT_TRUE(world.names(kind, "consumerco").empty()) << kind;
  EXPECT_EQ(world.external_things("datacenter-1"), 0);
  world.expect_quiet();
}

TEST_F(InstanceWorld, AContractForTheEuWaitsWhenOnlyTheUsHasRoomAndGoesOnWhenTheEuHas) {
  std::string elsewhere = kProvider;
  elsewhere.replace(elsewhere.find("jurisdiction: EU"), 16, "jurisdiction: US");
  elsewhere.replace(elsewhere.find("datacenter-1"), 12, "us-1");
  world.apply(elsewhere);
  world.apply(kServiceInstance);
  world.settle_for(120s);
  EXPECT_EQ(world.reason("ServiceInstance", kInstance), "Infeasible");
  EXPECT_TRUE(world.names("Machine").empty());
  EXPECT_EQ(world.external_things("us-1"), 0);
  world.apply(kProvider);
  world.settle_for(60s);
  EXPECT_TRUE(ready()) << world.explain("ServiceInstance", kInstance);
  EXPECT_EQ(world.external_things("us-1"), 0);
}

TEST_F(InstanceWorld, AnUnacceptedContractMakesNothingAndAcceptanceWakesTheInstance) {
  auto contract = sample_contract();
  contract.erase("status");
  put(kinds::contracts(), contract);
  world.apply(kProvider);
  world.apply(kServiceInstance);
  world.settle_for(60s);
  EXPECT_EQ(world.reason("ServiceInstance", kInstance), "WaitForAcceptance");
  EXPECT_EQ(world.external_things("datacenter-1"), 0);
  put(kinds::contracts(), sample_contract());
  world.settle_for(30s);
  EXPECT_TRUE(ready()) << world.explain("ServiceInstance", kInstance);
}

TEST_F(InstanceWorld, TheGuardRefusesWhatTheContractDoesNotCover) {
  run_to_ready();
  const auto refused = world.try_edit("ServiceInstance", kInstance, "{spec: {replicas: 4}}");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("compute: ordered 3, used 3, asked 4"), std::string::npos)
      << refused.error().message;
}

TEST_F(InstanceWorld, ARestartInTheMiddleMakesNothingTwice) {
  world.apply(kProvider);
  world.apply(kServiceInstance);
  std::set<std::string> uids;
  for (int i = 0; i < 30 && !ready(); ++i) {
    for (int steps = 0; steps < 12; ++steps)
      (void)world.manager().step();
    world.restart();
    world.clock().advance(1s);
  }
  ASSERT_TRUE(world.settle_until([&] { return ready(); }, 60s))
      << world.explain("ServiceInstance", kInstance);
  EXPECT_EQ(world.external_things("datacenter-1"), 4);
  EXPECT_EQ(world.names("Machine", "consumerco").size(), 3u);
}

TEST_F(InstanceWorld, ALeaseDeactivatesAndDeletes) {
  run_to_ready();
  world.edit("ServiceInstance", kInstance, "{spec: {lease: {duration: 1h, warnBefore: 10m}}}");
  world.settle_for(2h);
  EXPECT_EQ(world.reason("ServiceInstance", kInstance), "LeaseExpired");
  EXPECT_EQ(machine(0, "status.power"), "Off");
  world.edit("ServiceInstance", kInstance, "{spec: {lease: {duration: 2h, action: Delete}}}");
  world.settle_for(3h);
  EXPECT_FALSE(world.exists("ServiceInstance", kInstance));
  EXPECT_EQ(world.external_things("datacenter-1"), 0);
}

const char* const kOwnVolume = R"(
apiVersion: charter.dev/v1alpha1
kind: Volume
metadata: {name: archive, namespace: consumerco}
spec: {contractRef: {name: orders}, size: 100GB}
)";

TEST_F(InstanceWorld, AVolumeUnderTheContractItselfIsProtectedAsSold) {
  world.apply(kProvider);
  world.settle_for(10s);
  world.apply(kOwnVolume);
  ASSERT_TRUE(
      world.settle_until([&] { return world.is("Volume", "consumerco/archive", "Ready"); }, 60s))
      << world.explain("Volume", "consumerco/archive");
  const auto volumes = world.admin("datacenter-1").volumes();
  ASSERT_TRUE(volumes);
  EXPECT_EQ(volumes->rows.at(0).at(7), "yes") << "the revision promises encryption at rest";
}

TEST_F(InstanceWorld, AVolumeUnderTheContractItselfHasASizeThatIsForSale) {
  auto revision = sample_revision();
  revision["spec"]["template"]["components"]["volumes"] = {
      {{"name", "data"}, {"size", {{"fromParameter", "disk"}}}}};
  put(kinds::service_offering_revisions(), revision);
  world.apply(kProvider);
  world.settle_for(10s);
  std::string odd = kOwnVolume;
  const auto refused = world.try_apply(odd.replace(odd.find("100GB"), 5, "150GB"));
  ASSERT_FALSE(refused);
  EXPECT_NE(
      refused.error().message.find("spec.size: Invalid value: \"150GB\": must be from 100GB to "
                                   "1000GB in steps of 100GB"),
      std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(world.try_apply(kOwnVolume));
}

TEST_F(InstanceWorld, VolumesThatWereThereBeforeTheAcceptanceWaitAndAreNeverMoreThanOrdered) {
  auto contract = sample_contract();
  contract.erase("status");
  put(kinds::contracts(), contract);
  world.apply(kProvider);
  world.settle_for(10s);
  for (const char* name : {"books", "archive"}) {
    std::string volume = kOwnVolume;
    volume.replace(volume.find("100GB"), 5, "300GB");
    world.apply(volume.replace(volume.find("archive"), 7, name));
  }
  world.settle_for(5s);
  EXPECT_EQ(world.reason("Volume", "consumerco/archive"), "ContractNotActive");
  EXPECT_EQ(world.external_things("datacenter-1"), 0);
  put(kinds::contracts(), sample_contract());
  world.settle_for(60s);
  EXPECT_TRUE(world.is("Volume", "consumerco/archive", "Ready"))
      << world.explain("Volume", "consumerco/archive");
  EXPECT_EQ(world.reason("Volume", "consumerco/books"), "TooManyUnits")
      << world.explain("Volume", "consumerco/books");
  EXPECT_EQ(world.external_things("datacenter-1"), 1);
}

}  // namespace
}  // namespace charter::service_instance
