#include "tests/reconcilers/billing/billing_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// The end of contracts and accounts: the last bill first, then the release. And what comes late.
namespace charter {
namespace {

using namespace std::chrono_literals;
using test::BillingWorld;

const char* const kJune = "consumerco/orders-2026-06";
const char* const kJuly = "consumerco/orders-2026-07";

void terminate(BillingWorld& world) {
  world.edit("Contract", BillingWorld::kContract, "{spec: {terminate: {requested: true}}}");
  world.settle_for(1min);
}

TEST(FinalBill, ATerminatedContractIsBilledToItsLastSecondAtOnce) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_until("2026-06-11T00:00:00Z");
  terminate(world);
  ASSERT_EQ(world.field("Contract", BillingWorld::kContract, "status.phase"), "Terminated")
      << world.explain("Contract", BillingWorld::kContract);
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Issued") << world.explain("Invoice", kJune);
  EXPECT_EQ(world.invoice(kJune, "spec.final"), "true");
  // Ten days of three servers, all that was ordered: nothing of it stood still.
  EXPECT_EQ(world.lines(kJune)[0],
            "Processors of active servers|cpu-hours|Active|2880|CPUHour|0.13|374.40|");
  EXPECT_EQ(world.lines(kJune)[1], "Data volumes|storage|Allocated|5|TBDay|5|25.00|");
  EXPECT_NE(world.explain("Contract", BillingWorld::kContract).find("final invoice orders-2026-06"),
            std::string::npos)
      << world.explain("Contract", BillingWorld::kContract);
  world.expect_quiet();
}

TEST(FinalBill, AContractIsNotReleasedBeforeItsBillIsIssued) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_until("2026-06-02T00:00:00Z");
  world.edit("Contract", BillingWorld::kContract, "{spec: {deletionProtection: false}}");
  world.remove("Contract", BillingWorld::kContract);
  bool released_unbilled = false;
  ASSERT_TRUE(world.settle_until(
      [&] {
        const bool gone = !world.exists("Contract", BillingWorld::kContract);
        if (gone && world.invoice(kJune, "status.issuedAt").empty()) released_unbilled = true;
        return gone;
      },
      10min))
      << world.explain("Contract", BillingWorld::kContract);
  EXPECT_FALSE(released_unbilled);
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Issued");
  EXPECT_EQ(world.lines(kJune)[0],
            "Processors of active servers|cpu-hours|Active|288|CPUHour|0.13|37.44|");
  EXPECT_FALSE(world.try_remove("Invoice", kJune)) << "an issued bill stays";
  EXPECT_EQ(world.external_things("datacenter-1"), 0);
}

TEST(FinalBill, AContractThatNeverWasInForceOwesNothing) {
  BillingWorld world;
  world.apply(test::file_text("manifests/s2-contract/20-contract.yaml"));
  world.settle();
  world.edit("Contract", BillingWorld::kContract, "{spec: {deletionProtection: false}}");
  world.remove("Contract", BillingWorld::kContract);
  world.settle_for(1min);
  EXPECT_FALSE(world.exists("Contract", BillingWorld::kContract));
  EXPECT_TRUE(world.names("Invoice").empty());
}

TEST(FinalBill, AnAccountGoesAfterTheLastBillOfItsContracts) {
  BillingWorld world;
  world.contract();
  world.provision();
  world.live_until("2026-07-01T12:00:00Z");
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Draft");
  EXPECT_FALSE(world.try_remove("Account", "consumerco")) << "its contract is in force";
  terminate(world);
  world.remove("Account", "consumerco");
  ASSERT_TRUE(world.settle_until([&] { return !world.exists("Account", "consumerco"); }, 10min))
      << world.explain("Account", "consumerco");
  // The end made the draft of June due, and July's half day its own bill.
  EXPECT_EQ(world.invoice(kJune, "status.phase"), "Issued");
  EXPECT_EQ(world.invoice(kJuly, "status.phase"), "Issued");
  EXPECT_EQ(world.invoice(kJuly, "spec.final"), "true");
  EXPECT_EQ(world.lines(kJuly)[0],
            "Processors of active servers|cpu-hours|Active|144|CPUHour|0.13|18.72|");
}

}  // namespace
}  // namespace charter
