#pragma once

#include "controller/runtime/rehearsed.h"
#include "reconcilers/preview/departures.h"
#include "reconcilers/preview/effects.h"
#include "reconcilers/preview/prices.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

// What a rehearsal saw, in the terms that every form of the report tells it in. Pure.
namespace charter::preview {

/// In the order in which they are counted.
inline constexpr std::array kEffects = {Effect::Created, Effect::Changed, Effect::Restarted,
                                        Effect::Replaced, Effect::Destroyed};

/// Everything that is told. `refused` points into the Rehearsed that it was made of.
struct Findings {
  std::vector<ObjectEffect> effects;
  std::vector<Wait> waits;
  std::vector<PlacedInstance> placements;
  std::vector<Departure> departures;
  std::vector<PriceChange> prices;
  std::string price_fault;  ///< why there are none
  std::vector<const RehearsedDocument*> refused;

  int64_t count(Effect effect) const;
  int64_t count(Departure::Fate fate) const;
  /// True when no contract costs something else than before, and none is offered.
  bool same_prices() const;
};

Findings find(const Rehearsed& seen);

/// "+", "~", "!", "±", "-".
std::string_view sign_of(Effect effect);
/// "Contract shop/orders".
std::string full_name(const std::string& kind, const ObjectName& name);
/// "none" for an empty text.
std::string or_none(const std::string& text);
/// True for a contract (or total) that costs what it did, and is not offered anew.
bool is_same(const PriceChange& price);

}  // namespace charter::preview
