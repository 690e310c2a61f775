#include "reconcilers/billing/rating.h"

#include <gtest/gtest.h>

#include <limits>

namespace charter::billing {
namespace {

using Kind = UsedInterval::Kind;

constexpr int64_t kHour = 3'600;
constexpr int64_t kDay = 86'400;
constexpr int64_t kLasts = std::numeric_limits<int64_t>::max();
constexpr int64_t kGb = 1'000'000'000;

RateItem item(Meter meter, Basis basis, PriceUnit per, const std::string& price) {
  RateItem made;
  made.meter = meter;
  made.basis = basis;
  made.per = per;
  made.price = price;
  return made;
}

/// A catalog with one revision "r" and what was used under it.
struct Case {
  ServiceOfferingRevision::Spec spec;
  Usage usage;
  RatingPeriod period{0, 30 * kDay, 30 * kDay};

  Case() {
    spec.rates.currency = "USD";
    SoldUnit compute{UnitPer::Machine, {}};
    compute.equals.machine = {{"vcpus", {int64_t{4}}}, {"memory", {std::string("8GB")}}};
    SoldUnit storage{UnitPer::Capacity, {}};
    storage.equals.capacity_bytes = 100 * kGb;
    spec.units = {{"compute", compute}, {"storage", storage}};
  }
  void order(int64_t compute, int64_t storage, int64_t from_s = 0, int64_t to_s = kLasts,
             std::vector<Contract::AgreedPrice> agreed = {}) {
    UsedInterval used;
    used.from_s = from_s;
    used.to_s = to_s;
    used.terms = static_cast<uint32_t>(usage.terms.size());
    usage.terms.push_back({"r", std::move(agreed), {{"compute", compute}, {"storage", storage}}});
    add(used);
  }
  void machine(bool active, int64_t from_s, int64_t to_s, int64_t vcpus = 4) {
    UsedInterval used;
    used.kind = Kind::Machine;
    used.active = active;
    used.from_s = from_s;
    used.to_s = to_s;
    used.vcpus = vcpus;
    used.memory_bytes = vcpus * 2 * kGb;
    add(used);
  }
  void volume(int64_t bytes, int64_t from_s, int64_t to_s) {
    UsedInterval used;
    used.kind = Kind::Volume;
    used.from_s = from_s;
    used.to_s = to_s;
    used.storage_bytes = bytes;
    add(used);
  }
  void add(UsedInterval used) {
    used.id = static_cast<int64_t>(usage.intervals.size()) + 1;
    usage.intervals.push_back(used);
  }
  Result<RatedPeriod> rated() const { return rate(usage, {{"r", &spec}}, {"r", {}, {}}, period); }
  /// "quantity x price = amount (rule)" of each line.
  std::vector<std::string> lines() const {
    const auto all = rated();
    if (!all) return {all.error().message};
    std::vector<std::string> texts;
    for (const auto& line : all->lines)
      texts.push_back(line.quantity.text() + " x " + line.price.text() + " = " +
                      line.amount.text() + " (" + line.rule + ")");
    return texts;
  }
};
using Lines = std::vector<std::string>;

TEST(Rating, VolumesOfEachClassCountInTheirOwnUnit) {
  Case c;
  SoldUnit archive{UnitPer::Capacity, {}, "slow"};
  archive.equals.capacity_bytes = 1'000 * kGb;
  c.spec.units["archive"] = archive;
  auto near = item(Meter::Units, Basis::Allocated, PriceUnit::UnitHour, "1");
  near.unit = "storage";
  auto far = item(Meter::Units, Basis::Allocated, PriceUnit::UnitHour, "0.1");
  far.unit = "archive";
  auto idle = item(Meter::Units, Basis::OrderedNotProvisioned, PriceUnit::UnitHour, "0.01");
  idle.unit = "archive";
  c.spec.rates.items = {near, far, idle};
  c.period = {0, 10 * kHour, 30 * kDay};
  c.order(0, 5);
  c.usage.terms[0].ordered["archive"] = 4;
  c.usage.classes.push_back("slow");
  c.volume(150 * kGb, 0, kLasts);
  c.volume(1'500 * kGb, 5 * kHour, kLasts);
  c.usage.intervals.back().volume_class = 1;
  EXPECT_EQ(c.lines(), (Lines{"20 x 1 = 20 (list price)", "10 x 0.1 = 1 (list price)",
                              "30 x 0.01 = 0.3 (list price)"}));
}

ConsumedAmounts consumed(int64_t from_s, int64_t to_s, int64_t cpu_ns, int64_t sent_bytes = 0) {
  ConsumedAmounts amounts{from_s, to_s, to_s};
  amounts.cpu_ns = cpu_ns;
  amounts.sent_bytes = sent_bytes;
  return amounts;
}

TEST(Rating, ConsumptionIsTheSumOfWhatWasReadAtThePricesOfItsLastSecond) {
  constexpr int64_t kSecondNs = 1'000'000'000;
  Case c;
  c.spec.rates.items = {item(Meter::CpuSecondsUsed, Basis::Active, PriceUnit::CpuSecond, "0.0001"),
                        item(Meter::BytesSent, Basis::Active, PriceUnit::Gib, "0.09"),
                        item(Meter::PageFaults, Basis::Active, PriceUnit::MillionPageFaults, "1")};
  c.spec.rates.discounts = {{Basis::OrderedNotProvisioned, "40"}};
  c.order(1, 0, 0, 10 * kHour);
  c.order(1, 0, 10 * kHour, kLasts, {{Meter::CpuSecondsUsed, Basis::Active, "0.0002"}});
  c.usage.consumed = {consumed(0, kHour, 900 * kSecondNs, int64_t{3} << 30),
                      consumed(9 * kHour, 10 * kHour, 100 * kSecondNs),
                      consumed(9 * kHour, 10 * kHour + 1, 500 * kSecondNs + 1)};
  EXPECT_EQ(c.lines(), (Lines{"1000 x 0.0001 = 0.1 (list price)", "3 x 0.09 = 0.27 (list price)",
                              "500.000000001 x 0.0002 = 0.1 (agreed price)"}));
  const auto rated = c.rated();
  ASSERT_TRUE(rated);
  EXPECT_EQ(rated->lines[0].interval_count, 3) << "all entries of consumption in the period";
}

TEST(Rating, ScenarioFiveToTheCent) {
  Case c;
  c.spec.rates.items = {item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "0.13"),
                        item(Meter::Storage, Basis::Allocated, PriceUnit::TbDay, "5.00")};
  c.spec.rates.discounts = {{Basis::OrderedNotProvisioned, "40"}};
  c.order(3, 5);
  c.volume(500 * kGb, 0, kLasts);
  c.machine(true, 0, kLasts);  // always on but for day 2, which another one covers
  c.machine(true, 0, kDay);
  c.machine(true, 0, kDay);
  for (int day = 2; day < 30; ++day) {
    c.machine(true, day * kDay + 8 * kHour, day * kDay + 20 * kHour);
    if (day >= 23) c.machine(true, day * kDay + 8 * kHour, day * kDay + 20 * kHour);
  }
  EXPECT_EQ(c.lines(), (Lines{"4752 x 0.13 = 617.76 (list price)", "15 x 5 = 75 (list price)",
                              "3888 x 0.078 = 303.26 (40 % off the Active price 0.13)"}));
  EXPECT_EQ(c.rated()->total.text_with(2), "996.02");
}

TEST(Rating, AMachineOfThirtySecondsIsOnTheBill) {
  Case c;
  c.spec.rates.items = {item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "36")};
  c.order(3, 5);
  c.machine(true, 100, 130);
  EXPECT_EQ(c.lines(), (Lines{"0.033333333 x 36 = 1.2 (list price)"}));
}

TEST(Rating, TheAmountIsOfTheExactQuantityNotOfTheShownOne) {
  Case c;
  c.spec.rates.items = {item(Meter::MachineHours, Basis::Active, PriceUnit::MachineHour, "3")};
  c.spec.rates.currency = "JPY";
  c.order(3, 5);
  // 1/3600 h a thousand and two hundred times: 1 yen exactly, though 0.000277777 x 3 x 1200 is
  // less.
  for (int i = 0; i < 1'200; ++i)
    c.machine(true, i * 10, i * 10 + 1);
  EXPECT_EQ(c.lines(), (Lines{"0.333333333 x 3 = 1 (list price)"}));
}

TEST(Rating, HalvesGoToTheEvenCentOncePerLine) {
  Case c;
  c.spec.rates.items = {item(Meter::MachineHours, Basis::Active, PriceUnit::MachineHour, "0.125"),
                        item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "0.03375")};
  c.order(3, 5);
  c.machine(true, 0, kHour);
  EXPECT_EQ(c.lines(), (Lines{"1 x 0.125 = 0.12 (list price)", "4 x 0.03375 = 0.14 (list price)"}));
}

TEST(Rating, PeriodsAreHalfOpenAndWhatIsOutsideIsNotCharged) {
  Case c;
  c.spec.rates.items = {item(Meter::MachineHours, Basis::Active, PriceUnit::MachineHour, "1")};
  c.period = {10 * kHour, 20 * kHour, 30 * kDay};
  c.order(3, 5);
  c.machine(true, 0, 10 * kHour);
  c.machine(true, 20 * kHour, 30 * kHour);
  c.machine(true, 15 * kHour, 15 * kHour);
  c.machine(true, 9 * kHour, 11 * kHour);
  c.machine(true, 19 * kHour, kLasts);
  EXPECT_EQ(c.lines(), (Lines{"2 x 1 = 2 (list price)"}));
}

TEST(Rating, TbAndTibAreApartAndAMonthIsChargedByItsSeconds) {
  Case c;
  c.spec.rates.items = {item(Meter::Storage, Basis::Allocated, PriceUnit::TbDay, "1")};
  c.order(3, 50);
  c.volume(int64_t{1} << 40, 0, kDay);
  EXPECT_EQ(c.lines(), (Lines{"1.099511628 x 1 = 1.1 (list price)"}));
  c.spec.rates.items = {item(Meter::Storage, Basis::Allocated, PriceUnit::TibDay, "1")};
  EXPECT_EQ(c.lines(), (Lines{"1 x 1 = 1 (list price)"}));
  c.spec.rates.items = {item(Meter::Subscription, Basis::Allocated, PriceUnit::Month, "31")};
  c.period = {0, 10 * kDay, 31 * kDay};
  EXPECT_EQ(c.lines(), (Lines{"0.322580645 x 31 = 10 (list price)"}));
  c.spec.rates.items = {item(Meter::Units, Basis::Allocated, PriceUnit::UnitMonth, "62")};
  c.spec.rates.items[0].unit = "storage";
  // 1.1 TB are eleven units of 100 GB.
  EXPECT_EQ(c.lines(), (Lines{"0.35483871 x 62 = 22 (list price)"}));
}

TEST(Rating, TiersCountWithinThePeriodAndEachHasItsLine) {
  Case c;
  auto priced = item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "0.05");
  priced.tiers = {{"100", "0.13"}, {"200.5", "0.1"}};
  c.spec.rates.items = {priced};
  c.order(3, 5);
  c.machine(true, 0, 25 * kHour);
  EXPECT_EQ(c.lines(), (Lines{"100 x 0.13 = 13 (list price, tier 0 to 100)"}));
  c.machine(true, 0, 50 * kHour);
  EXPECT_EQ(c.lines(), (Lines{"100 x 0.13 = 13 (list price, tier 0 to 100)",
                              "100.5 x 0.1 = 10.05 (list price, tier 100 to 200.5)",
                              "99.5 x 0.05 = 4.98 (list price, tier from 200.5)"}));
}

TEST(Rating, LeastAndMostOfThePeriodAreLinesOfTheirOwn) {
  Case c;
  auto priced = item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "1");
  priced.minimum = "5";
  priced.maximum = "10.00";
  c.spec.rates.items = {priced};
  c.order(3, 5);
  EXPECT_EQ(c.rated()->total.text(), "5");
  c.machine(true, 0, kHour);
  EXPECT_EQ(c.lines(), (Lines{"4 x 1 = 4 (list price)", "0 x 0 = 1 (minimum 5)"}));
  c.machine(true, 0, 2 * kHour);
  EXPECT_EQ(c.lines(), (Lines{"12 x 1 = 12 (list price)", "0 x 0 = -2 (maximum 10.00)"}));
}

TEST(Rating, AnAmendedOrderCountsFromItsSecondAndAgreedPricesForTheirOwnTime) {
  Case c;
  c.spec.rates.items = {item(Meter::MachineHours, Basis::Active, PriceUnit::MachineHour, "1")};
  c.spec.rates.discounts = {{Basis::OrderedNotProvisioned, "50"}};
  c.order(2, 5, 0, 10 * kHour);
  c.order(4, 5, 10 * kHour, 20 * kHour);
  c.machine(true, 0, 20 * kHour);
  EXPECT_EQ(c.lines(),
            (Lines{"20 x 1 = 20 (list price)", "40 x 0.5 = 20 (50 % off the Active price 1)"}));
  c.order(4, 5, 20 * kHour, 30 * kHour, {{Meter::MachineHours, Basis::Active, "0.8"}});
  c.machine(true, 20 * kHour, 30 * kHour);
  EXPECT_EQ(
      c.lines(),
      (Lines{"20 x 1 = 20 (list price)", "40 x 0.5 = 20 (50 % off the Active price 1)",
             "10 x 0.8 = 8 (agreed price)", "30 x 0.4 = 12 (50 % off the Active price 0.8)"}));
}

TEST(Rating, MoreThanOrderedIsNeverANegativeCharge) {
  Case c;
  c.spec.rates.items = {item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "1")};
  c.spec.rates.discounts = {{Basis::OrderedNotProvisioned, "50"}, {Basis::Allocated, "90"}};
  c.order(1, 5, 0, 10 * kHour);
  c.machine(true, 0, kHour, 16);
  c.machine(false, 0, 2 * kHour, 16);
  EXPECT_EQ(c.lines(),
            (Lines{"16 x 1 = 16 (list price)", "36 x 0.5 = 18 (50 % off the Active price 1)",
                   "16 x 0.1 = 1.6 (90 % off the Active price 1)"}));
}

TEST(Rating, LinesNameTheIntervalsTheyCameFrom) {
  Case c;
  c.spec.rates.items = {item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "1"),
                        item(Meter::Storage, Basis::Allocated, PriceUnit::GbHour, "1")};
  c.order(3, 5);              // 1
  c.machine(true, 0, kHour);  // 2
  c.machine(true, kHour, 2 * kHour);
  c.machine(false, 0, 2 * kHour);  // 4
  c.machine(true, 5 * kHour, 6 * kHour);
  c.volume(kGb, 0, kHour);  // 6
  const auto rated = c.rated();
  ASSERT_TRUE(rated);
  EXPECT_EQ(rated->lines[0].intervals, "2-3, 5");
  EXPECT_EQ(rated->lines[0].interval_count, 3);
  EXPECT_EQ(rated->lines[1].intervals, "6");
  EXPECT_NE(rated->lines[0].interval_digest, rated->lines[1].interval_digest);
}

TEST(Rating, WhatCannotBeRatedExactlyIsRefused) {
  Case c;
  c.spec.rates.items = {item(Meter::CpuHours, Basis::Active, PriceUnit::CpuHour, "1")};
  c.order(3, 5);
  c.machine(true, 0, kHour);
  c.usage.terms[0].revision = "gone";
  EXPECT_NE(c.lines()[0].find("revision gone is not there"), std::string::npos);
  c.usage.terms[0].revision = "r";
  c.spec.rates.items[0].price = "0.123456789012345678901234567890";
  EXPECT_NE(c.lines()[0].find("too many digits"), std::string::npos);
  c.spec.rates.items[0].price = "1";
  c.spec.rates.currency = "XXX";
  EXPECT_NE(c.lines()[0].find("not a currency"), std::string::npos);
  c.spec.rates.currency = "USD";
  c.period.to_s = c.period.from_s;
  EXPECT_NE(c.lines()[0].find("must end after it begins"), std::string::npos);
  c.period = {0, 30 * kDay, 0};
  c.spec.rates.items = {item(Meter::Subscription, Basis::Allocated, PriceUnit::Month, "1")};
  EXPECT_NE(c.lines()[0].find("length of the month"), std::string::npos);
}

}  // namespace
}  // namespace charter::billing
