#pragma once

#include "crds/types/rate_card.h"
#include "reconcilers/billing/sweep.h"
#include "reconcilers/common/money.h"

#include <string>
#include <vector>

// One priced item and its quantity as it grows. Internal to rating.
namespace charter::billing {

/// What a basis of an item counts.
enum class Counted { Active, Allocated, Idle, OrderedOnly };

/// An item of the rates, or a discount of one.
struct Charge {
  RateItem item;
  Counted counted = Counted::Active;
  std::string rule;  ///< "list price", "40 % off the Active price", "agreed price"
  Decimal price;
  struct Tier {
    Decimal up_to, price;
  };
  std::vector<Tier> tiers;
  Int128 seconds = 0;                     ///< amount × seconds so far; of consumption the amount
  const UsedTerms* ordered_by = nullptr;  ///< whose order `ordered` is: it changes seldom
  Int128 ordered = 0;
};

/// The charges of some rates. Errors: Invalid for a decimal that does not parse.
Result<std::vector<Charge>> charges_of(const Rates& rates,
                                       const std::vector<Contract::AgreedPrice>& agreed);

/// What one second of a level adds to a charge.
Int128 amount_of(Charge& charge, const Level& level, const SoldUnits& sold);
/// amount × seconds (of consumption: amount) that make one per-unit.
Result<Int128> divisor_of(PriceUnit per, int64_t month_s);

}  // namespace charter::billing
