#include "reconcilers/invoice/periods.h"

#include <algorithm>

namespace charter::invoice {

Result<NextBill> next_bill(const BilledContract& contract, const billing::TimeZone& zone) {
  const int64_t from_s = contract.billed_s.value_or(contract.active_since_s);
  if (contract.ended_s && from_s >= *contract.ended_s) return NextBill(Complete{});
  CHARTER_TRY_ASSIGN(const auto month, billing::month_of(zone, from_s));
  const bool is_final = contract.ended_s && *contract.ended_s <= month.to_s;
  const int64_t to_s = is_final ? *contract.ended_s : month.to_s;
  if (to_s > contract.now_s) return NextBill(WaitUntil{to_s});
  return NextBill(Open{from_s, to_s, month.to_s - month.from_s, month.name, is_final});
}

}  // namespace charter::invoice
