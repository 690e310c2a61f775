#include "reconcilers/account/reconciler.h"
#include "reconcilers/contract/reconciler.h"
#include "reconcilers/invoice/opener.h"
#include "reconcilers/invoice/reconciler.h"
#include "reconcilers/service_offering/content.h"
#include "tests/reconcilers/contract/samples.h"
#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

// Scenario S2 and the end of S6 through the real store, API and caches, with the account's and the
// contract's controllers only: offering and revision are what a provider has published already.
namespace charter::contract {
namespace {

using namespace std::chrono_literals;
using test::World;
using test::WorldOptions;

const char* const kContract = "consumerco/orders";

std::string document(Json tree) {
  auto& metadata = tree["metadata"];
  metadata.erase("uid");
  metadata.erase("generation");
  tree.erase("status");
  if (text_at(tree, {"kind"}) == "ServiceOfferingRevision") {
    const auto revision = read_service_offering_revision(tree).value();
    tree["spec"]["contentHash"] = service_offering::hash_of(revision.spec);
  }
  return to_yaml(tree);
}

// ProviderCo's catalog and relationship, in a running World.
struct Market : World {
  Market() : World(options()) {
    apply("{apiVersion: v1, kind: Namespace, metadata: {name: consumerco}}");
    apply(document(sample_revision()));
    apply(document(sample_offering()));
    publish("compute-highspeed-1");
    apply(document(sample_account()));
    settle();
  }

  static WorldOptions options() {
    WorldOptions only;
    only.add_controllers = [](Manager& manager, DriverPool&) {
      manager.add(account::controller());
      manager.add(contract::controller());
      manager.add(invoice::controller());
      manager.add(invoice::opener());
    };
    return only;
  }

  void publish(const std::string& revision) {
    auto offering = get("ServiceOffering", "compute-highspeed");
    offering["status"]["revision"] = revision;
    const Gvr offerings{"charter.dev", "v1alpha1", "serviceofferings"};
    const auto written = client()->update(offerings, offering, Part::Status);
    ASSERT_TRUE(written) << (written ? "" : written.error().message);
  }

  std::string hash() { return field("Contract", kContract, "status.offer.hash"); }
  Status accept(const std::string& offer) {
    return try_edit("Contract", kContract, "{spec: {acceptance: {offerHash: '" + offer + "'}}}");
  }
  void contract() {
    apply(document(sample_contract()));
    settle();
    const auto accepted = accept(hash());
    ASSERT_TRUE(accepted) << (accepted ? "" : accepted.error().message);
    settle();
  }
  static Gvr resource_of(const std::string& kind) {
    const std::string resource = kind == "Machine"  ? "machines"
                                 : kind == "Volume" ? "volumes"
                                                    : "serviceinstances";
    return {"charter.dev", "v1alpha1", resource};
  }
  // What the object's own reconciler does when all of it is reclaimed.
  void let_go(const std::string& kind, const std::string& name) {
    auto object = get(kind, name);
    object["metadata"].erase("finalizers");
    ASSERT_TRUE(client()->update(resource_of(kind), object, Part::Main));
  }
  // What a reconciler of machines or volumes saw.
  void observe(const std::string& kind, const std::string& name, const Json& status) {
    auto object = get(kind, name);
    object["status"] = status;
    const auto written = client()->update(resource_of(kind), object, Part::Status);
    ASSERT_TRUE(written) << (written ? "" : written.error().message);
  }
  std::string phase() { return field("Contract", kContract, "status.phase"); }
};

TEST(ContractWorld, ARequestIsOfferedThenAcceptedThenActiveAndThenQuiet) {
  Market world;
  world.apply(document(sample_contract()));
  world.settle();
  EXPECT_TRUE(world.is("Contract", kContract, "Offered")) << world.explain("Contract", kContract);
  EXPECT_EQ(world.phase(), "Offered");
  EXPECT_EQ(world.field("Contract", kContract, "status.monthlyEstimate"), "1198.20 USD");
  world.expect_quiet();
  ASSERT_TRUE(world.accept(world.hash()));
  world.settle();
  EXPECT_TRUE(world.is("Contract", kContract, "Ready")) << world.explain("Contract", kContract);
  EXPECT_TRUE(world.is("Contract", kContract, "Active"));
  EXPECT_EQ(world.field("Contract", kContract, "status.summary.compute"), "0/3");
  EXPECT_EQ(world.field("Account", "consumerco", "status.summary.compute"), "3/5");
  EXPECT_NE(world.field("Contract", kContract, "status.accepted.by"), "");
  world.expect_quiet();
}

TEST(ContractWorld, AWrongHashIsRefusedByTheApiWithItsField) {
  Market world;
  world.apply(document(sample_contract()));
  world.settle();
  const auto refused = world.accept("sha256:" + std::string(64, 'f'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_EQ(refused.error().causes[0].field, "spec.acceptance.offerHash");
}

TEST(ContractWorld, AQuoteLapsesByTheClockAndItsHashIsWorthlessThen) {
  Market world;
  world.apply(document(sample_contract()));
  world.settle();
  const auto old = world.hash();
  world.settle_for(73h);
  EXPECT_NE(world.hash(), old);
  EXPECT_FALSE(world.accept(old));
  EXPECT_TRUE(world.accept(world.hash()));
  world.settle();
  EXPECT_EQ(world.phase(), "Active");
}

TEST(ContractWorld, OrderingBeyondTheLimitIsForbiddenWithFigures) {
  Market world;
  world.contract();
  auto more = sample_contract();
  more["metadata"]["name"] = "more";
  more["spec"]["quantities"] = {{"compute", 6}};
  const auto refused = world.try_apply(document(more));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  EXPECT_NE(refused.error().message.find("compute: limit 5, used 3, asked 6"), std::string::npos);
  ASSERT_FALSE(refused.error().causes.empty());
  EXPECT_EQ(refused.error().causes[0].field, "spec.quantities.compute");
}

TEST(ContractWorld, AmendingMakesAnOfferAndTheOldTermsHoldUntilItIsAccepted) {
  Market world;
  world.contract();
  world.edit("Contract", kContract, "{spec: {quantities: {compute: 5}}}");
  world.settle();
  EXPECT_EQ(world.phase(), "Amending");
  EXPECT_EQ(world.field("Contract", kContract, "status.accepted.quantities.compute"), "3");
  world.expect_quiet();
  ASSERT_TRUE(world.accept(world.hash()));
  world.settle();
  EXPECT_EQ(world.phase(), "Active");
  EXPECT_EQ(world.field("Contract", kContract, "status.accepted.quantities.compute"), "5");
  world.expect_quiet();
}

TEST(ContractWorld, LimitsAndTheirActorAreInTheAccountsHistory) {
  Market world;
  world.contract();
  world.edit("Account", "consumerco", "{spec: {limits: {compute: 30, storage: 30}}}");
  world.settle();
  const auto account = world.get("Account", "consumerco");
  const auto& history = account["status"]["history"];
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0]["change"], "limits.compute 5 -> 30 (+25)");
  EXPECT_NE(history[0].value("by", ""), "");
  world.edit("Account", "consumerco", "{spec: {limits: {compute: 1}}}");
  world.settle();
  EXPECT_EQ(world.reason("Account", "consumerco", "WithinLimits"), "OverLimit");
  EXPECT_TRUE(world.is("Contract", kContract, "Ready"));
}

TEST(ContractWorld, TerminationDeletesInstancesThenEndsAndFreesTheLimit) {
  Market world;
  world.contract();
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: ServiceInstance
metadata: {name: order-mgmt, namespace: consumerco, finalizers: [test.dev/hold]}
spec: {contractRef: {name: orders}, replicas: 1}
)");
  world.settle_for(1s);  // children are counted half a second after they changed
  EXPECT_EQ(world.field("Contract", kContract, "status.instances"), "1");
  world.edit("Contract", kContract, "{spec: {terminate: {requested: true}}}");
  world.settle_for(1s);
  EXPECT_EQ(world.phase(), "Terminating");
  EXPECT_NE(world.explain("Contract", kContract).find("order-mgmt"), std::string::npos);
  world.let_go("ServiceInstance", "consumerco/order-mgmt");
  world.settle_for(1s);
  EXPECT_FALSE(world.exists("ServiceInstance", "consumerco/order-mgmt"));
  EXPECT_EQ(world.phase(), "Terminated");
  EXPECT_EQ(world.field("Account", "consumerco", "status.summary.compute"), "0/5");
  world.expect_quiet();
}

TEST(ContractWorld, RunningMachinesAndExistingVolumesAreCountedAndTheConsumersOwnVolumeGoesLast) {
  Market world;
  world.contract();
  world.apply(R"(
apiVersion: charter.dev/v1alpha1
kind: Machine
metadata: {name: m0, namespace: consumerco}
spec:
  instanceRef: {name: order-mgmt, uid: u}
  contractRef: {name: orders}
  component: server
  index: 0
  providerRef: {name: p}
  vcpus: 4
  memory: 8GB
  image: {name: linux, digest: "sha256:1111111111111111111111111111111111111111111111111111111111111111"}
  bootDisk: {size: 20GB}
---
apiVersion: charter.dev/v1alpha1
kind: Volume
metadata: {name: archive, namespace: consumerco}
spec: {contractRef: {name: orders}, size: 250GB}
)");
  world.settle_for(1s);
  EXPECT_EQ(world.field("Contract", kContract, "status.summary.compute"), "0/3");
  world.observe("Machine", "consumerco/m0", {{"power", "On"}});
  world.observe("Volume", "consumerco/archive", {{"externalID", "x"}});
  world.settle_for(1s);
  EXPECT_EQ(world.field("Contract", kContract, "status.summary.compute"), "1/3");
  EXPECT_EQ(world.field("Contract", kContract, "status.summary.storage"), "3/5");
  world.edit("Contract", kContract, "{spec: {terminate: {requested: true}}}");
  world.settle_for(1s);
  EXPECT_EQ(world.phase(), "Terminating");
  world.let_go("Volume", "consumerco/archive");
  world.settle_for(1s);
  EXPECT_FALSE(world.exists("Volume", "consumerco/archive"));
  EXPECT_EQ(world.phase(), "Terminated");
}

TEST(ContractWorld, DeletionIsProtectedThenOrderlyAndAnAccountGoesLast) {
  Market world;
  world.contract();
  const auto refused = world.try_remove("Contract", kContract);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
  const auto listed = world.try_remove("Account", "consumerco");
  ASSERT_FALSE(listed);
  EXPECT_NE(listed.error().message.find("consumerco/orders"), std::string::npos);
  world.edit("Contract", kContract, "{spec: {deletionProtection: false}}");
  world.remove("Contract", kContract);
  world.settle();
  EXPECT_FALSE(world.exists("Contract", kContract));
  world.remove("Account", "consumerco");
  world.settle();
  EXPECT_FALSE(world.exists("Account", "consumerco"));
}

TEST(ContractWorld, APausedAccountHoldsItsContractsStill) {
  Market world;
  world.edit("Account", "consumerco", "{metadata: {annotations: {charter.dev/paused: 'true'}}}");
  world.apply(document(sample_contract()));
  world.settle();
  EXPECT_EQ(world.hash(), "");
  EXPECT_TRUE(world.is("Contract", kContract, "Paused"));
  world.edit("Account", "consumerco", "{metadata: {annotations: {charter.dev/paused: null}}}");
  world.settle();
  EXPECT_NE(world.hash(), "");
}

}  // namespace
}  // namespace charter::contract
