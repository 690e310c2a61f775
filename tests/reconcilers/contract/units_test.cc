#include "reconcilers/contract/units.h"

#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::contract {
namespace {

constexpr int64_t kGb = 1'000'000'000;

SoldUnits sold() {
  SoldUnits units;
  units["large"] = {UnitPer::Machine,
                    {{{"vcpus", {int64_t{4}}}, {"memory", {std::string("8GB")}}}, 0}};
  units["small"] = {UnitPer::Machine,
                    {{{"vcpus", {int64_t{2}}}, {"memory", {std::string("4GB")}}}, 0}};
  units["storage"] = {UnitPer::Capacity, {{}, 100 * kGb}};
  return units;
}

TEST(ContractUnits, AMachineCountsInTheSmallestUnitThatCoversIt) {
  EXPECT_EQ(unit_of_machine(sold(), {1, 1 * kGb}), "small");
  EXPECT_EQ(unit_of_machine(sold(), {2, 4 * kGb}), "small");
  EXPECT_EQ(unit_of_machine(sold(), {2, 5 * kGb}), "large");
  EXPECT_EQ(unit_of_machine(sold(), {8, 8 * kGb}), "large");
  EXPECT_EQ(unit_of_machine({}, {1, 1}), "");
}

TEST(ContractUnits, MachinesAndVolumesAreCountedAndRoundedUp) {
  const auto used = count_units(sold(), {{4, 8 * kGb}, {3, 8 * kGb}, {2, 4 * kGb}, {8, 20 * kGb}},
                                {{"", 250 * kGb}});
  EXPECT_EQ(used, (UnitCounts{{"large", 5}, {"small", 1}, {"storage", 3}}));
  EXPECT_EQ(count_units(sold(), {}, {}), (UnitCounts{{"large", 0}, {"small", 0}, {"storage", 0}}));
}

TEST(ContractUnits, VolumesCountInTheUnitOfTheirClassAndOthersInTheOneThatNamesNone) {
  auto units = sold();
  units["archive"] = {UnitPer::Capacity, {{}, 1'000 * kGb}, "slow"};
  EXPECT_EQ(unit_of_volumes(units, "slow"), "archive");
  EXPECT_EQ(unit_of_volumes(units, "ssd"), "storage");
  EXPECT_EQ(unit_of_volumes(units, ""), "storage");
  const auto used = count_units(units, {}, {{"", 50 * kGb}, {"ssd", 70 * kGb}, {"slow", 1}});
  EXPECT_EQ(used.at("storage"), 2) << "summed before they are rounded up";
  EXPECT_EQ(used.at("archive"), 1);
  units.erase("storage");
  EXPECT_EQ(unit_of_volumes(units, "ssd"), "");
}

TEST(ContractUnits, AContractHoldsTheLargerOfAcceptedAndRequestedInItsHeader) {
  auto contract = sample_contract();
  contract["spec"]["quantities"] = {{"compute", 2}, {"gpu", 1}};
  contract["status"]["accepted"]["quantities"] = {{"compute", 3}, {"storage", 5}};
  const auto encoded = Encoded::make(contract, 1, contract_fields(contract));
  EXPECT_EQ(held_units(encoded->header()),
            (UnitCounts{{"compute", 3}, {"gpu", 1}, {"storage", 5}}));
  EXPECT_EQ(held_units(contract), held_units(encoded->header()));
  EXPECT_FALSE(has_ended(encoded->header()));
}

TEST(ContractUnits, AnEndedContractHoldsNothing) {
  auto contract = sample_contract();
  contract["status"]["terminatedAt"] = "2026-06-01T00:00:00Z";
  const auto encoded = Encoded::make(contract, 1, contract_fields(contract));
  EXPECT_TRUE(held_units(encoded->header()).empty());
  EXPECT_TRUE(has_ended(encoded->header()));
}

}  // namespace
}  // namespace charter::contract
