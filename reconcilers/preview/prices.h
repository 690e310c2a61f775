#pragma once

#include "controller/base/result.h"
#include "controller/object/object.h"
#include "controller/object/value.h"

#include <string>
#include <vector>

// What contracts cost a month, before and after. Pure.
namespace charter::preview {

/// True for a Contract with an offer that nobody has accepted.
bool has_pending_offer(const Json& object);

/// One contract's price, or, with an empty name, the total in one currency.
struct PriceChange {
  ObjectName contract;
  std::string before, after;  ///< "996.02 USD"; empty: nothing is charged
  bool offered = false;       ///< `after` is an offer that is still to be accepted
};

/// Prices of all contracts, and a total for each currency behind them. What is not accepted is not
/// charged, so an offer counts as `after` only. Errors: Invalid for an estimate that is no money.
Result<std::vector<PriceChange>> price_changes(const std::vector<Json>& before,
                                               const std::vector<Json>& after);

}  // namespace charter::preview
