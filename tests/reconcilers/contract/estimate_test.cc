#include "reconcilers/contract/offer.h"
#include "tests/reconcilers/contract/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::contract {
namespace {

constexpr int64_t kGb = 1'000'000'000;

// Price of 3 compute (4 vCPUs, 8 GB) and 5 storage (100 GB) under one item.
std::string price_of(const RateItem& item) {
  auto revision = read_service_offering_revision(sample_revision())->spec;
  revision.rates.items = {item};
  const Terms terms{"r", &revision, {}, {}};
  const auto price = monthly_price(terms, {{"compute", 3}, {"storage", 5}});
  return price ? *price : price.error().message;
}

RateItem item_of(Meter meter, PriceUnit per, const std::string& price,
                 Basis basis = Basis::Allocated) {
  RateItem item;
  item.meter = meter;
  item.basis = basis;
  item.per = per;
  item.price = price;
  return item;
}

TEST(ContractEstimate, EveryMeterIsCountedOverAThirtyDayMonth) {
  struct Row {
    Meter meter;
    PriceUnit per;
    const char *price, *month;
  };
  for (const auto& row : {Row{Meter::CpuHours, PriceUnit::CpuHour, "0.13", "1123.20 USD"},
                          Row{Meter::MemoryHours, PriceUnit::GbHour, "0.01", "172.80 USD"},
                          Row{Meter::MemoryHours, PriceUnit::GibHour, "0.01", "160.93 USD"},
                          Row{Meter::MachineHours, PriceUnit::MachineHour, "0.5", "1080.00 USD"},
                          Row{Meter::Storage, PriceUnit::TbDay, "5.00", "75.00 USD"},
                          Row{Meter::Storage, PriceUnit::TibDay, "5.00", "68.21 USD"},
                          Row{Meter::Storage, PriceUnit::GbDay, "0.01", "150.00 USD"},
                          Row{Meter::Storage, PriceUnit::GbMonth, "0.10", "50.00 USD"},
                          Row{Meter::Storage, PriceUnit::TbMonth, "100", "50.00 USD"},
                          Row{Meter::Units, PriceUnit::UnitMonth, "2", "16.00 USD"},
                          Row{Meter::Units, PriceUnit::UnitDay, "1", "240.00 USD"},
                          Row{Meter::Subscription, PriceUnit::Month, "9.99", "9.99 USD"},
                          Row{Meter::Subscription, PriceUnit::Day, "0.50", "15.00 USD"}}) {
    EXPECT_EQ(price_of(item_of(row.meter, row.per, row.price)), row.month)
        << to_word(row.meter) << " " << to_word(row.per);
  }
}

TEST(ContractEstimate, AUnitsItemCountsItsOwnUnitOnly) {
  auto item = item_of(Meter::Units, PriceUnit::UnitMonth, "2");
  item.unit = "compute";
  EXPECT_EQ(price_of(item), "6.00 USD");
}

TEST(ContractEstimate, WhatIsOrderedButNotProvisionedCostsNothingWhenAllOfItRuns) {
  EXPECT_EQ(
      price_of(item_of(Meter::CpuHours, PriceUnit::CpuHour, "0.13", Basis::OrderedNotProvisioned)),
      "0.00 USD");
}

TEST(ContractEstimate, TiersMinimumAndMaximumHold) {
  auto item = item_of(Meter::MachineHours, PriceUnit::MachineHour, "0.10");  // 2,160 hours
  item.tiers = {{"100", "1"}, {"1000", "0.50"}};
  EXPECT_EQ(price_of(item), "666.00 USD");  // 100 + 450 + 116
  item.maximum = "500";
  EXPECT_EQ(price_of(item), "500.00 USD");
  item.maximum.clear();
  item.minimum = "700.5";
  EXPECT_EQ(price_of(item), "700.50 USD");
  item.minimum.clear();
  item.tiers = {{"5000", "0.01"}};
  EXPECT_EQ(price_of(item), "21.60 USD");
}

TEST(ContractEstimate, AnOrderBeyondAllFiguresIsAnErrorAndNotAWrongPrice) {
  auto revision = read_service_offering_revision(sample_revision())->spec;
  revision.rates.items = {item_of(Meter::Storage, PriceUnit::GbDay, "999999999999")};
  revision.units.at("storage").equals.capacity_bytes = kGb * 1'000'000;
  const Terms terms{"r", &revision, {}, {}};
  EXPECT_FALSE(monthly_price(terms, {{"storage", 1'000'000'000}}));
}

}  // namespace
}  // namespace charter::contract
