#include "reconcilers/preview/prices.h"

#include "reconcilers/common/money.h"

#include <nlohmann/json.hpp>

#include <map>
#include <utility>

namespace charter::preview {
namespace {

bool is_contract(const Json& object) {
  return text_at(object, {"kind"}) == "Contract";
}

bool has_ended(const Json& contract) {
  return !text_at(contract, {"status", "terminatedAt"}).empty();
}

/// Sums of one currency.
struct Total {
  Decimal before, after;
};
using Totals = std::map<std::string, Total>;

Status add(const std::string& money, Decimal Total::*side, Totals& totals) {
  if (money.empty()) return {};
  const size_t space = money.find(' ');
  if (space == std::string::npos)
    return Error{Code::Invalid, "estimate \"" + money + "\": expected an amount and a currency"};
  CHARTER_TRY_ASSIGN(const Decimal amount, Decimal::parse(money.substr(0, space)));
  Decimal& sum = totals[money.substr(space + 1)].*side;
  CHARTER_TRY_ASSIGN(sum, sum.plus(amount));
  return {};
}

}  // namespace

bool has_pending_offer(const Json& object) {
  const auto hash = text_at(object, {"status", "offer", "hash"});
  return is_contract(object) && !hash.empty() && !has_ended(object) &&
         hash != text_at(object, {"status", "accepted", "hash"});
}

Result<std::vector<PriceChange>> price_changes(const std::vector<Json>& before,
                                               const std::vector<Json>& after) {
  std::map<ObjectName, PriceChange> by_contract;
  const auto entry = [&](const Json& contract) -> PriceChange& {
    const ObjectName name{text_at(contract, {"metadata", "namespace"}),
                          text_at(contract, {"metadata", "name"})};
    PriceChange& change = by_contract[name];
    change.contract = name;
    return change;
  };
  const auto agreed = [](const Json& contract) {
    const bool charged = at(contract, {"status", "accepted"}) != nullptr && !has_ended(contract);
    return charged ? text_at(contract, {"status", "monthlyEstimate"}) : std::string();
  };
  for (const Json& object : before) {
    if (is_contract(object)) entry(object).before = agreed(object);
  }
  for (const Json& object : after) {
    if (!is_contract(object)) continue;
    PriceChange& change = entry(object);
    change.offered = has_pending_offer(object);
    change.after =
        change.offered ? text_at(object, {"status", "offer", "monthlyEstimate"}) : agreed(object);
  }
  std::vector<PriceChange> changes;
  Totals totals;
  for (auto& [name, change] : by_contract) {
    CHARTER_TRY(add(change.before, &Total::before, totals));
    CHARTER_TRY(add(change.after, &Total::after, totals));
    changes.push_back(std::move(change));
  }
  for (const auto& [currency, total] : totals) {
    CHARTER_TRY_ASSIGN(auto was, money_text(total.before, currency));
    CHARTER_TRY_ASSIGN(auto is, money_text(total.after, currency));
    changes.push_back({.before = std::move(was), .after = std::move(is)});
  }
  return changes;
}

}  // namespace charter::preview
