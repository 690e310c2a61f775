#include "reconcilers/preview/findings.h"

#include <algorithm>

namespace charter::preview {

int64_t Findings::count(Effect effect) const {
  return std::count_if(effects.begin(), effects.end(),
                       [effect](const ObjectEffect& e) { return e.effect == effect; });
}

int64_t Findings::count(Departure::Fate fate) const {
  return std::count_if(departures.begin(), departures.end(),
                       [fate](const Departure& one) { return one.fate == fate; });
}

bool Findings::same_prices() const {
  return std::all_of(prices.begin(), prices.end(), is_same);
}

Findings find(const Rehearsed& seen) {
  Findings found{.effects = effects_between(seen.before, seen.after),
                 .waits = waits_between(seen.before, seen.after),
                 .placements = new_placements(seen.before, seen.after),
                 .departures = departures(seen)};
  auto prices = price_changes(seen.before, seen.after);
  if (prices) {
    found.prices = std::move(*prices);
  } else {
    found.price_fault = prices.error().message;
  }
  for (const auto& document : seen.documents) {
    if (document.outcome == RehearsedDocument::Outcome::Refused) found.refused.push_back(&document);
  }
  return found;
}

std::string_view sign_of(Effect effect) {
  static constexpr std::string_view kSigns[] = {"+", "~", "!", "±", "-"};
  return kSigns[static_cast<size_t>(effect)];
}

std::string full_name(const std::string& kind, const ObjectName& name) {
  return kind + " " + to_string(name);
}

std::string or_none(const std::string& text) {
  return text.empty() ? "none" : text;
}

bool is_same(const PriceChange& price) {
  return price.before == price.after && !price.offered;
}

}  // namespace charter::preview
