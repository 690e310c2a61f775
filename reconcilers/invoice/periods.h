#pragma once

#include "reconcilers/billing/time_zone.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

// Which bill of a contract comes next. Pure.
//
//   contract                                   -> next
//   ended, billed up to its end                -> Complete
//   ended within the month that is not billed  -> Open, final, up to the end
//   the month that is not billed is over       -> Open, up to the month's end
//   it runs                                    -> wait for the month's end
//
// A period begins where the one before it ended, so there is no gap whatever happens to the time
// zone; and it lies within one calendar month.
namespace charter::invoice {

/// What is known of a contract.
struct BilledContract {
  int64_t active_since_s = 0;
  std::optional<int64_t> ended_s;   ///< nothing of it is left since then
  std::optional<int64_t> billed_s;  ///< end of the last bill's period
  int64_t now_s = 0;
};

/// A bill to be opened.
struct Open {
  int64_t from_s = 0, to_s = 0, month_s = 0;
  std::string name;  ///< "2026-06"
  bool is_final = false;
  bool operator==(const Open&) const = default;
};
/// Nothing to do before then.
struct WaitUntil {
  int64_t at_s = 0;
  bool operator==(const WaitUntil&) const = default;
};
/// Every second is on a bill.
struct Complete {
  bool operator==(const Complete&) const = default;
};
using NextBill = std::variant<Open, WaitUntil, Complete>;

/// The table above. Errors: the time zone's.
Result<NextBill> next_bill(const BilledContract& contract, const billing::TimeZone& zone);

}  // namespace charter::invoice
