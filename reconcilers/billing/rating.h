#pragma once

#include "crds/types/rate_card.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/billing/usage.h"
#include "reconcilers/common/money.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

// Intervals × prices × period → lines. Pure, exact: quantities are fractions of whole numbers until
// the one rounding of each line's amount, half-even to the currency's minor unit.
//
//   meter          Active        Allocated           OrderedNotProvisioned
//   cpu-hours      of running    of existing         ordered − running, never below 0
//   memory-hours   machines      machines
//   machine-hours
//   storage        existing      existing            ordered − existing
//                  volumes       volumes
//   units          in use by     existing            ordered − in use
//                  what runs
//   subscription   while the order is in force       -
//   consumption    what the hosts' counters say      -
//
// A discount charges what its basis adds beside the Active price's: OrderedNotProvisioned as above,
// Allocated what exists and does not run. A day is 24 hours, a month the calendar month of the
// period: a price per month is charged by the second of that month. Tiers count within the period,
// the minimum and maximum of an item are amounts of the period, whatever part of it was used.
// Where terms with other prices came into force, each is charged for its own time.
namespace charter::billing {

/// What is rated.
struct RatingPeriod {
  int64_t from_s = 0, to_s = 0;
  int64_t month_s = 0;  ///< length of the calendar month that the period lies in
};

/// A line of a bill.
struct RatedLine {
  std::string description, revision, meter, basis, unit, per, rule;
  Decimal quantity;  ///< shown: half-even to nine digits; the amount is of the exact one
  Decimal price;
  Decimal amount;  ///< rounded once
  int64_t interval_count = 0;
  std::string intervals;        ///< ids as "3-5, 9", empty when they need too much room
  std::string interval_digest;  ///< SHA-256 over the ids, each as decimal and a newline
  bool operator==(const RatedLine&) const = default;
};

/// The lines of a period and their sum.
struct RatedPeriod {
  std::vector<RatedLine> lines;
  std::string currency;
  Decimal total;
};

/// Revisions by name.
using Revisions = std::map<std::string, const ServiceOfferingRevision::Spec*>;

/// The rule by which amounts were made, in words, for the bill.
inline constexpr std::string_view kRoundingRule =
    "amount = exact quantity x price, rounded once per line, half to even, to the currency's minor "
    "unit; quantities are shown with nine digits; a day has 86400 seconds, a month those of the "
    "calendar month";

/// Rates a period. `fallback` are the terms where none was in force in it. Errors: Invalid when a
/// revision is missing, a price does not parse, currencies differ or an amount is too large.
Result<RatedPeriod> rate(const Usage& usage, const Revisions& revisions, const UsedTerms& fallback,
                         const RatingPeriod& period);

}  // namespace charter::billing
