#include "reconcilers/billing/charges.h"

#include "reconcilers/common/sold_share.h"

#include <algorithm>

namespace charter::billing {
namespace {

constexpr int64_t kHour = 3'600;
constexpr int64_t kDay = 86'400;
constexpr int64_t kGb = 1'000'000'000;
constexpr int64_t kTb = 1'000 * kGb;
constexpr int64_t kGib = int64_t{1} << 30;
constexpr int64_t kTib = int64_t{1} << 40;

Counted counted_of(Basis basis) {
  switch (basis) {
    case Basis::Active:
      return Counted::Active;
    case Basis::Allocated:
      return Counted::Allocated;
    case Basis::OrderedNotProvisioned:
      break;
  }
  return Counted::OrderedOnly;
}

Result<Charge> charge_of(const RateItem& item) {
  Charge charge;
  charge.item = item;
  charge.counted = counted_of(item.basis);
  charge.rule = "list price";
  CHARTER_TRY_ASSIGN(charge.price, Decimal::parse(item.price));
  for (const auto& tier : item.tiers) {
    CHARTER_TRY_ASSIGN(const auto up_to, Decimal::parse(tier.up_to));
    CHARTER_TRY_ASSIGN(const auto price, Decimal::parse(tier.price));
    charge.tiers.push_back({up_to, price});
  }
  return charge;
}

// The Active charge at a lower price, for what the discount's basis adds. Its amounts per period
// stay with the Active item.
Result<Charge> discounted(Charge charge, const Discount& discount) {
  CHARTER_TRY_ASSIGN(const auto percent, Decimal::parse(discount.percent));
  const auto keep = Decimal::from_units(100).minus(percent);
  const auto reduced = [&keep](const Decimal& price) {
    return price.rated(keep.atoms(), Decimal::from_units(100).atoms(), 18);
  };
  CHARTER_TRY_ASSIGN(charge.price, reduced(charge.price));
  for (auto& tier : charge.tiers) {
    CHARTER_TRY_ASSIGN(tier.price, reduced(tier.price));
  }
  charge.counted = discount.on == Basis::Allocated ? Counted::Idle : Counted::OrderedOnly;
  charge.item.basis = discount.on;
  charge.item.description.clear();
  charge.item.minimum.clear();
  charge.item.maximum.clear();
  charge.rule = discount.percent + " % off the Active price " + charge.item.price;
  return charge;
}

bool is_for(const RateItem& item, const RateItem& other, Basis basis) {
  return item.meter == other.meter && item.unit == other.unit && item.basis == basis;
}

int64_t count_in(const std::map<std::string, int64_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

Int128 ordered(Charge& charge, const Level& level, const SoldUnits& sold) {
  if (level.ordered == nullptr) return 0;
  if (level.ordered == charge.ordered_by) return charge.ordered;
  Int128 sum = 0;
  for (const auto& [name, count] : level.ordered->ordered) {
    const auto unit = sold.find(name);
    if (unit != sold.end()) sum += Int128{count} * share_of(charge.item, name, unit->second);
  }
  charge.ordered_by = level.ordered;
  charge.ordered = sum;
  return sum;
}

// Units of a machine are counted machine by machine; of capacity, the sum is rounded up.
Int128 units(const std::string& name, const Level& level, const SoldUnits& sold, bool active) {
  const auto unit = sold.find(name);
  if (unit == sold.end() || unit->second.per == UnitPer::Machine)
    return count_in(active ? level.active_units : level.allocated_units, name);
  const int64_t capacity = unit->second.equals.capacity_bytes;
  const auto there = level.unit_storage.find(name);
  if (there == level.unit_storage.end() || capacity <= 0) return 0;
  return (there->second + capacity - 1) / capacity;
}

Int128 present(const Charge& charge, const Level& level, const SoldUnits& sold, bool active) {
  switch (charge.item.meter) {
    case Meter::CpuHours:
      return active ? level.active_vcpus : level.allocated_vcpus;
    case Meter::MemoryHours:
      return active ? level.active_memory : level.allocated_memory;
    case Meter::MachineHours:
      return active ? level.active_machines : level.allocated_machines;
    case Meter::Storage:
      return level.storage;
    case Meter::Units:
      return units(charge.item.unit, level, sold, active);
    case Meter::Subscription:
      return level.ordered == nullptr ? 0 : 1;
    default:  // consumption is no state that lasts
      break;
  }
  return 0;
}

}  // namespace

Result<std::vector<Charge>> charges_of(const Rates& rates,
                                       const std::vector<Contract::AgreedPrice>& agreed) {
  std::vector<Charge> charges;
  for (const auto& item : rates.items) {
    CHARTER_TRY_ASSIGN(auto charge, charge_of(item));
    const bool is_agreed =
        std::any_of(agreed.begin(), agreed.end(), [&item](const Contract::AgreedPrice& price) {
          return price.meter == item.meter && price.basis == item.basis;
        });
    if (is_agreed) charge.rule = "agreed price";
    charges.push_back(std::move(charge));
  }
  const size_t own = charges.size();
  for (const auto& discount : rates.discounts) {
    for (size_t i = 0; i < own; ++i) {
      const RateItem item = charges[i].item;
      const bool lasts = item.meter != Meter::Subscription && !is_consumption(item.meter);
      if (item.basis != Basis::Active || !lasts) continue;
      const bool has_own =
          std::any_of(rates.items.begin(), rates.items.end(),
                      [&](const RateItem& other) { return is_for(other, item, discount.on); });
      if (has_own) continue;
      CHARTER_TRY_ASSIGN(auto charge, discounted(charges[i], discount));
      charges.push_back(std::move(charge));
    }
  }
  return charges;
}

Int128 amount_of(Charge& charge, const Level& level, const SoldUnits& sold) {
  switch (charge.counted) {
    case Counted::Active:
      return present(charge, level, sold, true);
    case Counted::Allocated:
      return present(charge, level, sold, false);
    case Counted::Idle:
      return std::max<Int128>(
          0, present(charge, level, sold, false) - present(charge, level, sold, true));
    case Counted::OrderedOnly:
      break;
  }
  return std::max<Int128>(0, ordered(charge, level, sold) - present(charge, level, sold, true));
}

Result<Int128> divisor_of(PriceUnit per, int64_t month_s) {
  const auto month = [month_s](int64_t of) -> Result<Int128> {
    if (month_s > 0) return Int128{of} * month_s;
    return Error{Code::Invalid, "a price per month needs the length of the month"};
  };
  switch (per) {
    case PriceUnit::CpuHour:
    case PriceUnit::MachineHour:
    case PriceUnit::UnitHour:
      return Int128{kHour};
    case PriceUnit::GbHour:
      return Int128{kGb} * kHour;
    case PriceUnit::GibHour:
      return Int128{kGib} * kHour;
    case PriceUnit::GbDay:
      return Int128{kGb} * kDay;
    case PriceUnit::TbDay:
      return Int128{kTb} * kDay;
    case PriceUnit::TibDay:
      return Int128{kTib} * kDay;
    case PriceUnit::UnitDay:
    case PriceUnit::Day:
      return Int128{kDay};
    case PriceUnit::GbMonth:
      return month(kGb);
    case PriceUnit::GibMonth:
      return month(kGib);
    case PriceUnit::TbMonth:
      return month(kTb);
    case PriceUnit::UnitMonth:
    case PriceUnit::Month:
      return month(1);
    case PriceUnit::CpuSecond:
      return Int128{1'000'000'000};  // of nanoseconds
    case PriceUnit::MillionPageFaults:
      return Int128{1'000'000};
    case PriceUnit::Gb:
      return Int128{kGb};
    case PriceUnit::Gib:
      return Int128{kGib};
    case PriceUnit::Tb:
      return Int128{kTb};
    case PriceUnit::Tib:
      break;
  }
  return Int128{kTib};
}

}  // namespace charter::billing
