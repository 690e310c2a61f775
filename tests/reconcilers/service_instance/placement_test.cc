#include "reconcilers/service_instance/placement.h"

#include "tests/reconcilers/service_instance/samples.h"

#include <gtest/gtest.h>

// The rows of the table in placement.h, on the providers of scenario S7.
namespace charter::service_instance {
namespace {

MachineDesign server() {
  MachineDesign design;
  design.component = "server";
  design.machine_class = "high-speed";
  design.vcpus = 4;
  design.memory_bytes = 8'000'000'000;
  design.boot_disk.size_bytes = 100'000'000'000;
  return design;
}

Demand demand(size_t machines, std::vector<std::string> jurisdictions) {
  Demand demand;
  demand.within = {{std::move(jurisdictions), {}}};
  demand.security = {Isolation::TenantNetwork, true};
  demand.machines.assign(machines, server());
  return demand;
}

void set_free_vcpus(Provider& provider, int64_t each) {
  for (auto& host : provider.status.hosts)
    host.free.vcpus = each;
  provider.status.capacity->free.vcpus = 2 * each;
}

/// A and B in the US, C in the EU.
struct Providers : ::testing::Test {
  std::vector<Provider> all = {sample_provider("a", "US"), sample_provider("b", "US"),
                               sample_provider("c", "EU")};

  std::string choose(const Demand& asked) {
    const auto choice = choose_provider(asked, all);
    return choice.placed ? choice.placed->provider : choice.reason;
  }
  std::string message(const Demand& asked) { return choose_provider(asked, all).message; }
};

TEST_F(Providers, OfTwoEqualOnesTheFirstByNameIsChosen) {
  EXPECT_EQ(choose(demand(2, {"US"})), "a");
}

TEST_F(Providers, MostFreeProcessorsWin) {
  set_free_vcpus(all[0], 16);
  EXPECT_EQ(choose(demand(2, {"US"})), "b");
}

TEST_F(Providers, AFullEuropeanProviderIsWaitedForAndNothingLandsInTheUs) {
  set_free_vcpus(all[2], 2);
  EXPECT_EQ(choose(demand(2, {"EU"})), "WaitForCapacity");
  const auto text = message(demand(2, {"EU"}));
  EXPECT_NE(text.find("provider c"), std::string::npos) << text;
  EXPECT_EQ(text.find("provider a"), std::string::npos) << text;
}

TEST_F(Providers, OneFieldOfTheAccountSendsNewBusinessElsewhere) {
  auto asked = demand(2, {"US"});
  asked.within.push_back({{}, {"b", "c"}});
  EXPECT_EQ(choose(asked), "b");
}

TEST_F(Providers, ANamedProviderOutsideThePlacementIsPolicy) {
  auto asked = demand(1, {"EU"});
  asked.provider = "a";
  EXPECT_EQ(choose(asked), "ProviderNotAllowed");
  EXPECT_EQ(message(asked), "provider a is in jurisdiction US, allowed are EU");
}

TEST_F(Providers, ANamedProviderThatDoesNotExistIsMissing) {
  auto asked = demand(1, {"EU"});
  asked.provider = "d";
  EXPECT_EQ(choose(asked), "ReferenceNotFound");
}

TEST_F(Providers, AJurisdictionNobodyHasIsInfeasible) {
  EXPECT_EQ(choose(demand(1, {"CH"})), "Infeasible");
}

TEST_F(Providers, NoProviderAtAllIsWaitedFor) {
  all.clear();
  EXPECT_EQ(choose(demand(1, {})), "WaitForCapacity");
}

TEST_F(Providers, AMachineClassNobodyOffersIsInfeasible) {
  auto asked = demand(1, {});
  asked.machines[0].machine_class = "quantum";
  EXPECT_EQ(choose(asked), "Infeasible");
  EXPECT_NE(message(asked).find("has no machine class quantum"), std::string::npos);
}

TEST_F(Providers, AMachineLargerThanItsClassIsInfeasible) {
  auto asked = demand(1, {});
  asked.machines[0].vcpus = 9;
  EXPECT_EQ(choose(asked), "Infeasible");
}

TEST_F(Providers, ProtectionThatNobodyGivesIsInfeasible) {
  auto asked = demand(1, {});
  asked.security.isolation = Isolation::DedicatedHost;
  EXPECT_EQ(choose(asked), "Infeasible");
  for (auto& provider : all)
    provider.spec.security.encryption_at_rest = false;
  EXPECT_EQ(choose(demand(1, {})), "Infeasible");
}

TEST_F(Providers, AggregateRoomWithoutAHostThatFitsWaits) {
  set_free_vcpus(all[2], 6);
  EXPECT_EQ(choose(demand(2, {"EU"})), "c");
  EXPECT_EQ(choose(demand(3, {"EU"})), "WaitForCapacity") << "12 free, but 4 + 4 on hosts of 6";
}

TEST_F(Providers, NoHostThatCouldEverFitIsInfeasible) {
  auto asked = demand(1, {"EU"});
  asked.machines[0].machine_class.clear();
  asked.machines[0].vcpus = 33;
  EXPECT_EQ(choose(asked), "Infeasible");
}

TEST_F(Providers, StorageCountsToo) {
  auto asked = demand(1, {"EU"});
  asked.volume_bytes = 20'000'000'000'000;
  EXPECT_EQ(choose(asked), "WaitForCapacity");
}

TEST_F(Providers, OneThatIsNotReadyOrGoesAwayIsPassedOver) {
  all[0].conditions[0].status = "False";
  EXPECT_EQ(choose(demand(1, {"US"})), "b");
  all[1].meta.deleted = "2026-06-01T00:00:00Z";
  EXPECT_EQ(choose(demand(1, {"US"})), "WaitForCapacity");
}

TEST(Demand, CountsEveryReplicaAndVolume) {
  const auto si = instance();
  const auto blueprint = make_blueprint(*nothing_made().revision, si.spec);
  ASSERT_TRUE(blueprint) << blueprint.error().message;
  const auto asked = demand_of(si.spec, *blueprint, {}, {});
  EXPECT_EQ(asked.machines.size(), 3u);
  EXPECT_EQ(asked.volume_bytes, 500'000'000'000);
  auto own = si.spec;
  own.volumes[0].shared = false;
  EXPECT_EQ(demand_of(own, *make_blueprint(*nothing_made().revision, own), {}, {}).volume_bytes,
            1'500'000'000'000);
}

}  // namespace
}  // namespace charter::service_instance
