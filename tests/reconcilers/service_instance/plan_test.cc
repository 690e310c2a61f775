#include "reconcilers/service_instance/plan.h"

#include "reconcilers/common/reasons.h"
#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>

// One test for each row of the table in plan.h.
namespace charter::service_instance {
namespace {

constexpr int kPassesMax = 60;

/// An instance and its world, with the passes run so far.
struct Bench {
  ServiceInstance si = instance();
  Observed have = nothing_made();
  int status_writes = 0;

  Step once() {
    const auto step = plan(si, have);
    const auto before = si;
    carry_out(si, have, step);
    if (before.status != si.status || before.conditions != si.conditions) ++status_writes;
    return step;
  }
  /// Passes until nothing changes, children served in between.
  void settle() {
    for (int pass = 0; pass < kPassesMax; ++pass) {
      const auto step = plan(si, have);
      auto copy = si;
      auto world = have;
      const bool changed = carry_out(copy, world, step);
      once();
      if (!changed && !serve_children(have)) return;
    }
    ADD_FAILURE() << "not settled within " << kPassesMax << " passes: " << explain();
  }
  std::string explain() {
    const auto step = plan(si, have);
    return step.ready.status + " " + step.ready.reason + ": " + step.ready.message;
  }
  const Machine* machine(const std::string& name) {
    for (const auto& machine : have.machines)
      if (machine.meta.name == name) return &machine;
    return nullptr;
  }
};

template <class Kind>
const Kind* action_of(const Step& step) {
  return step.action ? std::get_if<Kind>(&*step.action) : nullptr;
}

std::string reason_of(const Step& step, const char* type) {
  for (const auto& statement : step.conditions)
    if (statement.type == type) return statement.status + " " + statement.reason;
  return {};
}

TEST(ServiceInstancePlan, NoContractWaitsForIt) {
  Bench bench;
  bench.have.contract.reset();
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "ReferenceNotFound");
  EXPECT_FALSE(step.action);
}

TEST(ServiceInstancePlan, AnUnacceptedContractIsNamedWithWhatToDo) {
  Bench bench;
  bench.have.contract->accepted = false;
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "WaitForAcceptance");
  EXPECT_NE(step.ready.message.find("contract orders"), std::string::npos);
  EXPECT_NE(step.ready.message.find("spec.acceptance.offerHash"), std::string::npos);
  EXPECT_FALSE(step.action);
  EXPECT_TRUE(step.status.revision.empty());
}

TEST(ServiceInstancePlan, AContractThatIsNotInForceIsWaitedFor) {
  Bench bench;
  bench.have.contract->active = false;
  EXPECT_EQ(bench.once().ready.reason, "ContractNotActive");
}

TEST(ServiceInstancePlan, AMissingRevisionIsWaitedFor) {
  Bench bench;
  bench.have.revision = nullptr;
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "RevisionNotFound");
  EXPECT_EQ(step.status.revision, "compute-highspeed-1");
}

TEST(ServiceInstancePlan, AParameterOutsideThePinnedRevisionIsNamed) {
  Bench bench;
  bench.si.spec.parameters["vcpus"] = {int64_t{3}};
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "ParameterNotAllowed");
  EXPECT_NE(step.ready.message.find("spec.parameters.vcpus"), std::string::npos);
}

TEST(ServiceInstancePlan, AnOrderThatIsTooSmallStopsBeforePlacement) {
  Bench bench;
  bench.have.shortages = {"compute: ordered 3, used 2, asked 3"};
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "TooManyUnits");
  EXPECT_NE(step.ready.message.find("ordered 3, used 2, asked 3"), std::string::npos);
  EXPECT_FALSE(step.status.placement);
}

TEST(ServiceInstancePlan, NoProviderThatFitsIsWaitedFor) {
  Bench bench;
  bench.have.providers[0].status.hosts[0].free.vcpus = 4;
  bench.have.providers[0].status.hosts[1].free.vcpus = 4;
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "WaitForCapacity");
  EXPECT_EQ(reason_of(step, "Scheduled"), "False WaitForCapacity");
}

TEST(ServiceInstancePlan, PlaceAndRevisionAreNotedBeforeAnythingIsMade) {
  Bench bench;
  const auto step = bench.once();
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.status.placement->provider, "p");
  EXPECT_EQ(step.status.revision, "compute-highspeed-1");
  EXPECT_EQ(step.outcome.kind, Outcome::Kind::Again);
  EXPECT_EQ(step.ready.reason, "Provisioning");
}

TEST(ServiceInstancePlan, MakesSecretsVolumesAndMachinesInThisOrder) {
  Bench bench;
  bench.once();
  EXPECT_TRUE(action_of<CreateAccess>(bench.once()));
  EXPECT_TRUE(action_of<CreateCloudInit>(bench.once()));
  EXPECT_EQ(action_of<CreateVolume>(bench.once())->volume.name, "order-mgmt-data");
  for (const char* name : {"order-mgmt-0", "order-mgmt-1", "order-mgmt-2"}) {
    const auto step = bench.once();
    ASSERT_TRUE(action_of<CreateMachine>(step)) << name;
    EXPECT_EQ(action_of<CreateMachine>(step)->machine.name, name);
    EXPECT_EQ(action_of<CreateMachine>(step)->machine.spec.volumes,
              std::vector<NameRef>{{"order-mgmt-data"}});
  }
  EXPECT_FALSE(bench.once().action);
}

TEST(ServiceInstancePlan, ReachesReadyWithFourStatusWrites) {
  Bench bench;
  bench.settle();
  EXPECT_EQ(bench.explain(), "True Ready: 3 machines and 1 volumes on provider p");
  EXPECT_LE(bench.status_writes, 4);
  EXPECT_EQ(bench.si.status.summary.active, "3/3");
  EXPECT_EQ(bench.si.status.access_secret->name, "order-mgmt-access");
  EXPECT_EQ(bench.si.status.selector, "charter.dev/instance=order-mgmt");
  EXPECT_EQ(bench.have.secrets[0].addresses,
            "order-mgmt-0 10.0.0.1\norder-mgmt-1 10.0.0.2\norder-mgmt-2 10.0.0.3\n");
}

TEST(ServiceInstancePlan, IsNotReadyBeforeTheImageIsDeployed) {
  Bench bench;
  bench.settle();
  for (auto& machine : bench.have.machines) {
    machine.status.image_deployed = false;
    machine.conditions = {{"Ready", "Unknown", "DeployingImage", "", machine.meta.generation}};
  }
  const auto step = bench.once();
  EXPECT_EQ(step.ready.status, "Unknown");
  EXPECT_EQ(step.ready.reason, "DeployingImage");
  EXPECT_EQ(reason_of(step, "Provisioned"), "True Provisioned");
  EXPECT_EQ(reason_of(step, "ImageDeployed"), "False DeployingImage");
}

TEST(ServiceInstancePlan, ScalingDownStopsTheHighestFirstAndKeepsThem) {
  Bench bench;
  bench.settle();
  const auto uid = bench.machine("order-mgmt-2")->meta.uid;
  bench.si.spec.replicas = 1;
  ++bench.si.meta.generation;
  const auto step = bench.once();
  ASSERT_TRUE(action_of<UpdateMachine>(step));
  EXPECT_EQ(action_of<UpdateMachine>(step)->name, "order-mgmt-2");
  EXPECT_EQ(step.ready.reason, "Deactivating");
  bench.settle();
  EXPECT_EQ(bench.have.machines.size(), 3u);
  EXPECT_EQ(bench.machine("order-mgmt-0")->spec.power, Power::On);
  EXPECT_EQ(bench.machine("order-mgmt-1")->spec.power, Power::Off);
  EXPECT_EQ(bench.si.status.summary.active, "1/1");
  EXPECT_EQ(bench.si.status.replicas, 1);
  bench.si.spec.replicas = 3;
  ++bench.si.meta.generation;
  EXPECT_EQ(action_of<UpdateMachine>(bench.once())->name, "order-mgmt-1");
  bench.settle();
  EXPECT_EQ(bench.machine("order-mgmt-2")->meta.uid, uid);
  EXPECT_EQ(bench.machine("order-mgmt-2")->spec.power, Power::On);
}

TEST(ServiceInstancePlan, MachinesBeyondASmallerOrderAreNotKept) {
  Bench bench;
  bench.settle();
  bench.si.spec.replicas = 1;
  bench.have.contract->ordered["compute"] = 2;
  bench.settle();
  EXPECT_EQ(bench.have.machines.size(), 2u);
  EXPECT_EQ(bench.machine("order-mgmt-2"), nullptr);
}

TEST(ServiceInstancePlan, DeactivationStopsAllAndCountsAsReached) {
  Bench bench;
  bench.settle();
  bench.si.spec.activation = Activation::Deactivated;
  ++bench.si.meta.generation;
  bench.settle();
  for (const auto& machine : bench.have.machines)
    EXPECT_EQ(machine.spec.power, Power::Off);
  EXPECT_EQ(bench.si.status.summary.active, "0/0");
  EXPECT_TRUE(bench.explain().starts_with("True Deactivated"));
  EXPECT_EQ(phase_of(bench.si.conditions), "Deactivated");
}

TEST(ServiceInstancePlan, AChangeReachesOneMachineAtATime) {
  Bench bench;
  bench.settle();
  bench.si.spec.parameters["vcpus"] = {int64_t{2}};
  EXPECT_EQ(action_of<UpdateMachine>(bench.once())->name, "order-mgmt-0");
  const auto waiting = bench.once();
  EXPECT_FALSE(waiting.action) << "the first is not back yet";
  EXPECT_EQ(waiting.ready.reason, "Updating");
  serve_children(bench.have);
  EXPECT_EQ(action_of<UpdateMachine>(bench.once())->name, "order-mgmt-1");
  bench.settle();
  for (const auto& machine : bench.have.machines)
    EXPECT_EQ(machine.spec.vcpus, 2);
}

TEST(ServiceInstancePlan, WhatAMachineCantDoInPlaceIsMirroredAndRevertingClearsIt) {
  Bench bench;
  bench.settle();
  bench.si.spec.parameters["vcpus"] = {int64_t{2}};
  bench.once();
  auto& machine = bench.have.machines[0];
  machine.conditions = {
      {"Ready", "False", "InPlaceNotPossible", "needs a restart", machine.meta.generation}};
  const auto stalled = bench.once();
  EXPECT_FALSE(stalled.action) << "the other machines are left alone";
  EXPECT_EQ(stalled.ready.status, "False");
  EXPECT_EQ(stalled.ready.reason, "InPlaceNotPossible");
  EXPECT_NE(stalled.ready.message.find("machine order-mgmt-0"), std::string::npos);
  bench.si.spec.parameters["vcpus"] = {int64_t{4}};
  EXPECT_EQ(action_of<UpdateMachine>(bench.once())->spec.vcpus, 4);
  bench.settle();
  EXPECT_TRUE(bench.explain().starts_with("True Ready"));
}

TEST(ServiceInstancePlan, AVolumeGrowsAndOneThatIsLeftOutIsRemovedOnceDetached) {
  Bench bench;
  bench.settle();
  bench.si.spec.volumes[0].size_bytes = 600'000'000'000;
  EXPECT_EQ(action_of<UpdateVolume>(bench.once())->spec.size_bytes, 600'000'000'000);
  bench.settle();
  for (auto& machine : bench.have.machines)
    machine.status.attached_volumes = {"order-mgmt-data"};
  bench.si.spec.volumes.clear();
  bench.settle();
  EXPECT_EQ(bench.have.volumes.size(), 1u) << "still attached";
  for (auto& machine : bench.have.machines)
    machine.status.attached_volumes.clear();
  bench.settle();
  EXPECT_TRUE(bench.have.volumes.empty());
}

TEST(ServiceInstancePlan, ABlockedChildIsNamedWithTheClassOfItsReason) {
  Bench bench;
  bench.settle();
  auto& machine = bench.have.machines[1];
  machine.conditions = {
      {"Ready", "False", "WaitForCapacity", "no host has room", machine.meta.generation}};
  const auto step = bench.once();
  EXPECT_EQ(step.ready.reason, "ChildNotReady");
  EXPECT_EQ(step.ready.message, "machine order-mgmt-1: WaitForCapacity (no host has room)");
}

TEST(ServiceInstancePlan, DriftOfAMachineIsShownWithItsDifference) {
  Bench bench;
  bench.settle();
  bench.have.machines[0].conditions.push_back(
      {"DriftDetected", "True", "DriftDetected", "power: wanted On, found Off", 1});
  EXPECT_EQ(reason_of(bench.once(), "DriftDetected"), "True DriftDetected");
}

TEST(ServiceInstancePlan, ANewerAcceptedRevisionIsShownAndNotTaken) {
  Bench bench;
  bench.settle();
  bench.have.contract->revision = "compute-highspeed-2";
  const auto step = bench.once();
  EXPECT_EQ(reason_of(step, "UpdateAvailable"), "True UpdateAvailable");
  EXPECT_EQ(step.status.revision, "compute-highspeed-1");
  EXPECT_FALSE(step.action);
}

TEST(ServiceInstancePlan, AnEndedContractStopsNewWorkOnly) {
  Bench bench;
  bench.settle();
  bench.have.contract->active = false;
  bench.si.spec.replicas = 2;
  EXPECT_EQ(action_of<UpdateMachine>(bench.once())->name, "order-mgmt-2");
  bench.si.spec.replicas = 5;
  bench.once();
  EXPECT_EQ(bench.have.machines.size(), 3u);
  EXPECT_FALSE(bench.once().action);
}

TEST(ServiceInstancePlan, ALostProviderNeedsAllowReplace) {
  Bench bench;
  bench.settle();
  bench.have.provider_gone = true;
  bench.have.providers = {sample_provider("q", "EU")};
  EXPECT_EQ(bench.once().ready.reason, "ReplaceNotAllowed");
  bench.si.spec.update_policy.strategy = UpdateStrategy::AllowReplace;
  EXPECT_EQ(bench.once().status.placement->provider, "q");
  bench.have.provider_gone = false;
  EXPECT_EQ(action_of<DeleteObject>(bench.once())->name, "order-mgmt-0");
  bench.settle();
  for (const auto& machine : bench.have.machines)
    EXPECT_EQ(machine.spec.provider.name, "q");
}

TEST(ServiceInstancePlan, DeletionGoesFromMachinesToVolumesToSecretsToRelease) {
  Bench bench;
  bench.settle();
  bench.have.contract.reset();
  bench.have.revision = nullptr;
  bench.si.meta.deleted = "2026-06-02T00:00:00Z";
  bench.si.spec.volumes[0].reclaim_policy = ReclaimPolicy::Retain;
  std::vector<std::string> seen;
  for (int pass = 0; pass < kPassesMax; ++pass) {
    const auto step = bench.once();
    if (!step.release.empty()) {
      seen.push_back("release");
      break;
    }
    ASSERT_TRUE(step.action) << step.ready.message;
    ASSERT_TRUE(step.deletion);
    if (seen.empty() || seen.back() != step.deletion->reason) seen.push_back(step.deletion->reason);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"Deactivating", "DeletingMachine", "DeletingVolume",
                                            "DeletingSecret", "release"}));
}

TEST(ServiceInstancePlan, DeletionNamesWhatItWaitsFor) {
  Bench bench;
  bench.settle();
  bench.si.meta.deleted = "2026-06-02T00:00:00Z";
  for (auto& machine : bench.have.machines) {
    machine.spec.power = Power::Off;
    machine.meta.deleted = bench.si.meta.deleted;
    machine.conditions = {{"Deleting", "True", "ProviderUnreachable", "no answer", 1}};
  }
  const auto step = bench.once();
  EXPECT_FALSE(step.action);
  EXPECT_EQ(step.deletion->blocker,
            "3 left, machine order-mgmt-0: Retryable (ProviderUnreachable: no answer)");
}

TEST(ServiceInstancePlan, EveryWordIsInTheClosedList) {
  Bench bench;
  for (int pass = 0; pass < 20; ++pass) {
    const auto step = bench.once();
    for (const auto& condition : stated(step, 1)) {
      EXPECT_TRUE(class_of(condition.reason)) << condition.reason;
      EXPECT_LE(condition.message.size(), 1024u);
    }
    if (pass % 3 == 0) serve_children(bench.have);
  }
}

}  // namespace
}  // namespace charter::service_instance
