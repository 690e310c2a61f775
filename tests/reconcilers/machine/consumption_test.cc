#include "reconcilers/machine/consumption.h"

#include "reconcilers/common/metering.h"
#include "reconcilers/machine/metering.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What readings of cumulative counters come to: the table of consumption.h.
namespace charter::machine {
namespace {

constexpr int64_t kStart = 1'780'000'000;

/// A machine whose contract has a price for consumption, and its host.
class Consumptions : public ::testing::Test {
 protected:
  Consumptions() {
    machine_.meta.uid = "m";
    have_.contract_uid = "c";
    have_.consumption_is_priced = true;
    auto& vm = have_.vm.emplace();
    vm.owner = "m";
    vm.vcpus = 2;
    vm.memory_bytes = 8;
    look(kStart);
  }
  void look(int64_t at_s) {
    have_.now = instant_of(at_s);
    machine_.status.metering = metered(machine_, have_);
  }
  /// A reading at this second; what it says of disks follows from `cpu_ns`.
  void read(int64_t at_s, const std::string& epoch, int64_t cpu_ns) {
    have_.reading = CounterReading{
        instant_of(at_s), {.uid = "m", .epoch = epoch, .cpu_ns = cpu_ns, .read_bytes = cpu_ns * 2}};
    look(at_s);
  }
  const Consumption& consumption() { return *machine_.status.metering->consumption; }
  /// "#number since+seconds cpu read" of the newest interval.
  std::string newest() {
    const auto& now = consumption();
    if (now.number == 0) return "none";
    return "#" + std::to_string(now.number) + " " +
           std::to_string(seconds_of(*now.since) - kStart) + "-" +
           std::to_string(seconds_of(*now.until) - kStart) + " " +
           std::to_string(now.used->cpu_ns.value_or(-1)) + " " +
           std::to_string(now.used->read_bytes.value_or(-1));
  }

  Machine machine_;
  Observed have_;
};

TEST_F(Consumptions, TheFirstReadingOfANewMachineCountsFromItsBeginning) {
  EXPECT_EQ(newest(), "none");
  read(kStart + 60, "b1", 500);
  EXPECT_EQ(newest(), "#1 0-60 500 1000");
  read(kStart + 90, "b1", 700);
  EXPECT_EQ(newest(), "#2 60-90 200 400");
}

TEST_F(Consumptions, AnotherEpochOrASmallerValueBeganAtZero) {
  read(kStart + 60, "b1", 500);
  read(kStart + 120, "b2", 900);
  EXPECT_EQ(newest(), "#2 60-120 900 1800") << "larger than before, but of another boot";
  read(kStart + 180, "b2", 100);
  EXPECT_EQ(newest(), "#3 120-180 100 200");
  read(kStart + 240, "", 150);
  EXPECT_EQ(newest(), "#4 180-240 50 100") << "without an epoch only a smaller value says so";
}

TEST_F(Consumptions, ARepeatedOrOlderReadingAndOneWithoutConsumptionChangeNothing) {
  read(kStart + 60, "b1", 500);
  const auto before = machine_.status.metering;
  read(kStart + 60, "b1", 600);
  EXPECT_EQ(machine_.status.metering, before) << "the same second";
  read(kStart + 30, "b1", 400);
  EXPECT_EQ(machine_.status.metering, before) << "the clock went back";
  read(kStart + 90, "b1", 500);
  EXPECT_EQ(machine_.status.metering, before) << "it is off: nothing is written";
  read(kStart + 120, "b1", 600);
  EXPECT_EQ(newest(), "#2 60-120 100 200") << "no gap";
}

TEST_F(Consumptions, WhatTheHostDoesNotCountIsNotMadeUp) {
  read(kStart + 60, "b1", 500);
  have_.reading->counters.page_faults = 7'000;
  read(kStart + 120, "b1", 600);
  have_.reading->counters.page_faults = 7'000;
  have_.reading->at = instant_of(kStart + 180);
  have_.reading->counters.cpu_ns = 650;
  look(kStart + 180);
  EXPECT_EQ(consumption().used->page_faults, 0) << "counted for the first time: since when?";
  have_.reading->at = instant_of(kStart + 240);
  have_.reading->counters.page_faults = 7'010;
  have_.reading->counters.cpu_ns = -5;
  look(kStart + 240);
  EXPECT_EQ(consumption().used->page_faults, 10);
  EXPECT_FALSE(consumption().used->cpu_ns) << "a negative value is none";
}

TEST_F(Consumptions, AHostThatCountsNothingIsNotHeldToHaveCountedZero) {
  have_.consumption_is_priced = false;
  read(kStart + 60, "b1", 500);
  have_.consumption_is_priced = true;
  have_.reading = CounterReading{instant_of(kStart + 120), {.uid = "m", .epoch = "b1"}};
  look(kStart + 120);
  EXPECT_FALSE(consumption().read_at);
  read(kStart + 180, "b1", 900);
  EXPECT_EQ(newest(), "none") << "counts from here";
}

TEST_F(Consumptions, WithoutAPriceNothingIsReadAndNothingIsMadeUpForLater) {
  read(kStart + 60, "b1", 500);
  have_.consumption_is_priced = false;
  read(kStart + 120, "b1", 800);
  EXPECT_EQ(newest(), "#1 0-60 500 1000");
  EXPECT_FALSE(consumption().read_at);
  have_.consumption_is_priced = true;
  read(kStart + 180, "b1", 900);
  EXPECT_EQ(newest(), "#1 0-60 500 1000") << "counts from here";
  read(kStart + 240, "b1", 950);
  EXPECT_EQ(newest(), "#2 180-240 50 100");
}

TEST(ConsumptionsOfOldMachines, CountFromTheFirstReading) {
  Machine machine;
  machine.meta.uid = "m";
  Observed have;
  have.contract_uid = "c";
  have.vm.emplace().owner = "m";
  have.now = instant_of(kStart);
  machine.status.metering = metered(machine, have);  // nobody has a price for it
  have.consumption_is_priced = true;
  have.reading = CounterReading{instant_of(kStart + 60), {.uid = "m", .epoch = "b", .cpu_ns = 500}};
  have.now = instant_of(kStart + 60);
  machine.status.metering = metered(machine, have);
  EXPECT_EQ(machine.status.metering->consumption->number, 0);
  have.reading = CounterReading{instant_of(kStart + 90), {.uid = "m", .epoch = "b", .cpu_ns = 510}};
  machine.status.metering = metered(machine, have);
  EXPECT_EQ(machine.status.metering->consumption->used->cpu_ns, 10);
}

TEST_F(Consumptions, EachIsAnIntervalOfTheLedgerWithItsAmounts) {
  const auto spans = [this] {
    return meter({{"metadata", {{"uid", "m"}, {"namespace", "n"}, {"name", "m"}}},
                  {"spec", Json::object()},
                  {"status", status_json(machine_.status)}});
  };
  const auto made = spans();
  EXPECT_EQ(made.size(), 1u) << "allocated; nothing was consumed yet";
  read(kStart + 60, "b1", 500);
  const auto first = spans();
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].meter, "consumption");
  EXPECT_EQ(first[1].basis, "Active");
  EXPECT_EQ(first[1].amounts, R"({"bytes-read":1000,"cpu-nanoseconds-used":500})");
  const auto begun = ledger_edges("m", made, first, kStart + 60);
  ASSERT_TRUE(begun);
  EXPECT_EQ(begun->size(), 2u) << "a beginning and an end in one write";
  read(kStart + 90, "b1", 700);
  const auto next = ledger_edges("m", first, spans(), kStart + 90);
  ASSERT_TRUE(next);
  EXPECT_EQ(next->size(), 2u);
  EXPECT_TRUE(ledger_edges("m", first, first, kStart + 90)->empty())
      << "saying it twice is nothing";
}

}  // namespace
}  // namespace charter::machine
