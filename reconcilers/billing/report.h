#pragma once

#include "crds/types/service_offering.h"
#include "reconcilers/billing/usage.h"
#include "reconcilers/common/money.h"

#include <cstdint>
#include <string>
#include <vector>

// What was used, in quantities of a person: totals by meter, the machines by hour of the day, and
// the days that were alike. Pure. All times are UTC.
namespace charter::billing {

/// How long one line is.
enum class Slice { Whole, Day, Hour };

/// One meter in one slice.
struct UsageLine {
  int64_t from_s = 0, to_s = 0;
  std::string meter, basis, unit;
  Decimal quantity;  ///< half-even to nine digits
};

/// Machines that ran in one hour of the day.
struct HourUse {
  int64_t hour = 0, least = 0, most = 0;
  Decimal average;
};

/// Days in a row on which as many machines ran at the same times.
struct AlikeDays {
  int64_t from_s = 0, to_s = 0;
  std::string machines;  ///< "1 from 00:00, 2 from 08:00, 1 from 20:00"
};

/// Everything about a period.
struct UsageSummary {
  std::vector<UsageLine> lines;
  std::vector<HourUse> profile;
  std::vector<AlikeDays> days;
};

/// Sums up [from, to). Errors: Invalid when a quantity is too large or there are more lines than
/// `lines_max`.
Result<UsageSummary> summarize(const Usage& usage, const SoldUnits& sold, int64_t from_s,
                               int64_t to_s, Slice slice, size_t lines_max);

}  // namespace charter::billing
