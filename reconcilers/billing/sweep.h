#pragma once

#include "controller/base/int128.h"
#include "crds/types/service_offering.h"
#include "reconcilers/billing/usage.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

// Walks over a period and says what there was between any two moments at which something changed.
// Every quantity of a bill or report is a sum over these steps, so each second is counted exactly
// once. Pure.
namespace charter::billing {

/// Sums over what is there at one time.
struct Level {
  Int128 active_vcpus = 0, active_memory = 0, active_machines = 0;
  Int128 allocated_vcpus = 0, allocated_memory = 0, allocated_machines = 0;
  Int128 storage = 0;
  std::map<std::string, Int128> unit_storage;  ///< of it, by the Capacity unit that it counts in
  std::map<std::string, int64_t> active_units, allocated_units;  ///< machine units, by name
  const UsedTerms* ordered = nullptr;  ///< null while no order is in force
  const UsedTerms* terms = nullptr;    ///< whose prices hold; null: there never was an order
};

/// One step: the level holds for [from, to).
struct SweepStep {
  int64_t from_s = 0, to_s = 0;
  const Level& level;
};

/// Whose prices hold at a moment, as Level::terms has it.
class TermsByTime {
 public:
  explicit TermsByTime(const Usage& usage);
  /// Null when there never was an order.
  const UsedTerms* at(int64_t at_s) const;

 private:
  std::vector<std::pair<int64_t, const UsedTerms*>> begins_;  ///< by time
};

/// Calls `visit` for each step of [from, to), in order, without gap or overlap. `sold` counts
/// machines in units (by the revision; amendments keep it).
void sweep(const Usage& usage, const SoldUnits& sold, int64_t from_s, int64_t to_s,
           const std::function<void(const SweepStep&)>& visit);

}  // namespace charter::billing
