#include "reconcilers/common/money.h"
#include "reconcilers/common/sold_share.h"
#include "reconcilers/contract/offer.h"

#include <algorithm>

// The estimate of an offer: every item of the rates over a 30-day month in which everything that is
// ordered runs and consumes nothing, rounded once per item as an invoice does.
// OrderedNotProvisioned comes to nothing then, and so does every discount, for they hold for a
// basis without an item of its own.
namespace charter::contract {
namespace {

constexpr int64_t kDays = 30;
constexpr int64_t kHours = kDays * 24;
constexpr int64_t kGb = 1'000'000'000;
constexpr int64_t kGib = int64_t{1} << 30;

// How often one per-unit of a price is in the month for an amount of 1: times `often`, by `of`.
struct Measure {
  int64_t often = 1;
  int64_t of = 1;
};

Measure measure_of(PriceUnit per) {
  switch (per) {
    case PriceUnit::CpuHour:
    case PriceUnit::MachineHour:
    case PriceUnit::UnitHour:
      return {kHours, 1};
    case PriceUnit::GbHour:
      return {kHours, kGb};
    case PriceUnit::GibHour:
      return {kHours, kGib};
    case PriceUnit::GbDay:
      return {kDays, kGb};
    case PriceUnit::TbDay:
      return {kDays, kGb * 1'000};
    case PriceUnit::TibDay:
      return {kDays, kGib * 1'024};
    case PriceUnit::GbMonth:
      return {1, kGb};
    case PriceUnit::GibMonth:
      return {1, kGib};
    case PriceUnit::TbMonth:
      return {1, kGb * 1'000};
    case PriceUnit::UnitDay:
    case PriceUnit::Day:
      return {kDays, 1};
    default:  // once a month; what is consumed, nobody can tell before
      break;
  }
  return {1, 1};
}

// The month's quantity of one item, in its per-units.
Result<Decimal> quantity_of(const RateItem& item, const SoldUnits& sold,
                            const UnitCounts& quantities) {
  const auto measure = measure_of(item.per);
  if (item.meter == Meter::Subscription) return Decimal::from_units(measure.often);
  Decimal sum;
  for (const auto& [name, count] : quantities) {
    const auto unit = sold.find(name);
    if (unit == sold.end()) continue;
    const auto share = share_of(item, name, unit->second);
    CHARTER_TRY_ASSIGN(const auto amount, Decimal::from_units(count).scaled(share, measure.of));
    CHARTER_TRY_ASSIGN(const auto month, amount.times(Decimal::from_units(measure.often)));
    CHARTER_TRY_ASSIGN(sum, sum.plus(month));
  }
  return sum;
}

// The charge of a quantity: each tier's price for the part up to its bound, the item's beyond.
Result<Decimal> charge_of(const RateItem& item, Decimal quantity) {
  Decimal charge, from;
  for (const auto& tier : item.tiers) {
    CHARTER_TRY_ASSIGN(const auto bound, Decimal::parse(tier.up_to));
    const auto part = std::min(quantity, bound).minus(from);
    if (part.is_zero() || part.is_negative()) break;
    CHARTER_TRY_ASSIGN(const auto price, Decimal::parse(tier.price));
    CHARTER_TRY_ASSIGN(const auto cost, part.times(price));
    CHARTER_TRY_ASSIGN(charge, charge.plus(cost));
    from = bound;
  }
  if (quantity > from) {
    CHARTER_TRY_ASSIGN(const auto price, Decimal::parse(item.price));
    CHARTER_TRY_ASSIGN(const auto cost, quantity.minus(from).times(price));
    CHARTER_TRY_ASSIGN(charge, charge.plus(cost));
  }
  if (!item.minimum.empty()) {
    CHARTER_TRY_ASSIGN(const auto minimum, Decimal::parse(item.minimum));
    charge = std::max(charge, minimum);
  }
  if (!item.maximum.empty()) {
    CHARTER_TRY_ASSIGN(const auto maximum, Decimal::parse(item.maximum));
    charge = std::min(charge, maximum);
  }
  return charge;
}

}  // namespace

Result<std::string> monthly_price(const Terms& terms, const UnitCounts& quantities) {
  const auto rates = with_agreed(terms.spec->rates, terms.agreed);
  Decimal total;
  for (const auto& item : rates.items) {
    if (item.basis == Basis::OrderedNotProvisioned) continue;
    CHARTER_TRY_ASSIGN(const auto quantity, quantity_of(item, terms.spec->units, quantities));
    CHARTER_TRY_ASSIGN(const auto charge, charge_of(item, quantity));
    CHARTER_TRY_ASSIGN(const auto line, round_to_currency(charge, rates.currency));
    CHARTER_TRY_ASSIGN(total, total.plus(line));
  }
  return money_text(total, rates.currency);
}

}  // namespace charter::contract
