#pragma once

#include "crds/types/view.h"

// Typed view of crds/ratecard.yaml. Prices and percents stay the decimal texts of the API:
// reconcilers/common/money.h computes with them exactly.
namespace charter {

/// What is measured.
enum class Meter {
  CpuHours,
  MemoryHours,
  MachineHours,
  Storage,
  Units,
  Subscription,
  CpuSecondsUsed,
  PageFaults,
  BytesRead,
  BytesWritten,
  BytesReceived,
  BytesSent
};
constexpr std::array<std::string_view, 12> words(Meter) {
  return {"cpu-hours",  "memory-hours",  "machine-hours",    "storage",
          "units",      "subscription",  "cpu-seconds-used", "page-faults",
          "bytes-read", "bytes-written", "bytes-received",   "bytes-sent"};
}
/// Whether it is read from the counters of hosts: an amount, not a state that lasts.
constexpr bool is_consumption(Meter meter) {
  return meter >= Meter::CpuSecondsUsed;
}

/// Active counts what runs; Allocated what is provisioned, running or not; OrderedNotProvisioned
/// what is ordered beyond what runs.
enum class Basis { Active, Allocated, OrderedNotProvisioned };
constexpr std::array<std::string_view, 3> words(Basis) {
  return {"Active", "Allocated", "OrderedNotProvisioned"};
}

/// What one price buys.
enum class PriceUnit {
  CpuHour,
  GbHour,
  GibHour,
  MachineHour,
  GbDay,
  TbDay,
  TibDay,
  GbMonth,
  GibMonth,
  TbMonth,
  UnitHour,
  UnitDay,
  UnitMonth,
  Day,
  Month,
  CpuSecond,
  MillionPageFaults,
  Gb,
  Gib,
  Tb,
  Tib
};
constexpr std::array<std::string_view, 21> words(PriceUnit) {
  return {
      "CPUHour", "GBHour",    "GiBHour",           "MachineHour", "GBDay",   "TBDay",     "TiBDay",
      "GBMonth", "GiBMonth",  "TBMonth",           "UnitHour",    "UnitDay", "UnitMonth", "Day",
      "Month",   "CPUSecond", "MillionPageFaults", "GB",          "GiB",     "TB",        "TiB"};
}

/// A price that holds for quantities up to a bound within one period.
struct PriceTier {
  std::string up_to, price;
  static void fields(auto& f, auto& s) {
    f.required("upTo", s.up_to);
    f.required("price", s.price);
  }
  bool operator==(const PriceTier&) const = default;
};

/// One charge.
struct RateItem {
  Meter meter = Meter::CpuHours;
  Basis basis = Basis::Allocated;
  std::string description;
  std::string unit;  ///< sold unit, for meter Units
  std::string price;
  PriceUnit per = PriceUnit::CpuHour;
  std::vector<PriceTier> tiers;
  std::string minimum, maximum;  ///< amounts per period, empty: none
  static void fields(auto& f, auto& s) {
    f.required("meter", s.meter);
    f("basis", s.basis);
    f("description", s.description);
    f("unit", s.unit);
    f.required("price", s.price);
    f.required("per", s.per);
    f("tiers", s.tiers);
    f("minimum", s.minimum);
    f("maximum", s.maximum);
  }
  bool operator==(const RateItem&) const = default;
};

/// A reduction for one basis.
struct Discount {
  Basis on = Basis::OrderedNotProvisioned;
  std::string percent;
  static void fields(auto& f, auto& s) {
    f.required("on", s.on);
    f.required("percent", s.percent);
  }
  bool operator==(const Discount&) const = default;
};

/// Prices as an offering's revision freezes them.
struct Rates {
  std::string currency;
  Instant effective_from{};
  std::optional<Instant> valid_until;
  std::vector<RateItem> items;
  std::vector<Discount> discounts;
  static void fields(auto& f, auto& s) {
    f.required("currency", s.currency);
    f.required("effectiveFrom", s.effective_from);
    f("validUntil", s.valid_until);
    f.required("items", s.items);
    f("discounts", s.discounts);
  }
  bool operator==(const Rates&) const = default;
};

/// A list of prices.
struct RateCard {
  struct Spec {
    std::string description;
    Rates rates;  ///< the remaining members of spec
    static void fields(auto& f, auto& s) {
      f("description", s.description);
      Rates::fields(f, s.rates);
    }
    bool operator==(const Spec&) const = default;
  };
  struct Status {
    int64_t observed_generation = 0;
    std::string phase;
    bool effective = false;
    std::string content_hash;
    int64_t referenced_by = 0;
    static void fields(auto& f, auto& s) {
      f("observedGeneration", s.observed_generation);
      f("phase", s.phase);
      f("effective", s.effective);
      f("contentHash", s.content_hash);
      f("referencedBy", s.referenced_by);
    }
    bool operator==(const Status&) const = default;
  };
  Meta meta;
  Spec spec;
  Status status;
  Conditions conditions;
};

Result<RateCard> read_rate_card(const Json& object);
Json spec_json(const RateCard::Spec& spec);
Json status_json(const RateCard::Status& status);

}  // namespace charter
