#include "reconcilers/billing/sweep.h"

#include "reconcilers/contract/units.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace charter::billing {
namespace {

// A change at a moment: an interval begins or ends. Ends come first, so that of two orders that
// meet the later one is in force.
struct Turn {
  int64_t at_s = 0;
  bool begins = false;
  uint32_t interval = 0;
};

bool is_before(const Turn& a, const Turn& b) {
  if (a.at_s != b.at_s) return a.at_s < b.at_s;
  if (a.begins != b.begins) return !a.begins;
  return a.interval < b.interval;
}

// A machine in sold units.
struct UnitShare {
  std::string unit;
  int64_t count = 0;
};

class Sweep {
 public:
  Sweep(const Usage& usage, const SoldUnits& sold) : usage_(usage), sold_(sold) {
    // What is used before the first order or after the last is charged by the nearest terms.
    const UsedInterval* first = nullptr;
    for (const auto& used : usage.intervals) {
      if (used.kind == UsedInterval::Kind::Order && (!first || used.from_s < first->from_s))
        first = &used;
    }
    if (first != nullptr) level_.terms = &usage.terms[first->terms];
    for (const auto& volume_class : usage.classes)
      volume_units_.push_back(contract::unit_of_volumes(sold, volume_class));
  }

  void run(int64_t from_s, int64_t to_s, const std::function<void(const SweepStep&)>& visit) {
    std::vector<Turn> turns;
    turns.reserve(usage_.intervals.size() * 2);
    for (uint32_t i = 0; i < usage_.intervals.size(); ++i) {
      const auto& used = usage_.intervals[i];
      if (used.from_s >= used.to_s || used.from_s >= to_s || used.to_s <= from_s) continue;
      turns.push_back({std::max(used.from_s, from_s), true, i});
      if (used.to_s < to_s) turns.push_back({used.to_s, false, i});
    }
    std::sort(turns.begin(), turns.end(), is_before);
    int64_t at_s = from_s;
    for (const Turn& turn : turns) {
      if (turn.at_s > at_s) visit({at_s, turn.at_s, level_});
      at_s = turn.at_s;
      apply(usage_.intervals[turn.interval], turn.begins ? 1 : -1);
    }
    if (to_s > at_s) visit({at_s, to_s, level_});
  }

 private:
  void apply(const UsedInterval& used, int sign) {
    switch (used.kind) {
      case UsedInterval::Kind::Order:
        if (sign > 0) level_.terms = &usage_.terms[used.terms];
        level_.ordered = sign > 0 ? level_.terms : nullptr;
        return;
      case UsedInterval::Kind::Volume:
        level_.storage += sign * Int128{used.storage_bytes};
        if (const auto& unit = volume_units_[used.volume_class]; !unit.empty())
          level_.unit_storage[unit] += sign * Int128{used.storage_bytes};
        return;
      case UsedInterval::Kind::Machine:
        break;
    }
    auto& vcpus = used.active ? level_.active_vcpus : level_.allocated_vcpus;
    auto& memory = used.active ? level_.active_memory : level_.allocated_memory;
    auto& machines = used.active ? level_.active_machines : level_.allocated_machines;
    vcpus += sign * Int128{used.vcpus};
    memory += sign * Int128{used.memory_bytes};
    machines += sign;
    const UnitShare& share = share_of(used);
    auto& units = used.active ? level_.active_units : level_.allocated_units;
    if (!share.unit.empty()) units[share.unit] += sign * share.count;
  }

  const UnitShare& share_of(const UsedInterval& used) {
    const auto [at, fresh] = shares_.try_emplace({used.vcpus, used.memory_bytes});
    if (!fresh) return at->second;
    const contract::MachineSize size{used.vcpus, used.memory_bytes};
    at->second.unit = contract::unit_of_machine(sold_, size);
    if (at->second.unit.empty()) return at->second;
    const auto counts = contract::count_units(sold_, {size}, {});
    const auto count = counts.find(at->second.unit);
    at->second.count = count == counts.end() ? 0 : count->second;
    return at->second;
  }

  const Usage& usage_;
  const SoldUnits& sold_;
  Level level_;
  std::vector<std::string> volume_units_;  // by index into Usage::classes
  std::map<std::pair<int64_t, int64_t>, UnitShare> shares_;
};

}  // namespace

TermsByTime::TermsByTime(const Usage& usage) {
  for (const auto& used : usage.intervals) {
    if (used.kind == UsedInterval::Kind::Order && used.from_s < used.to_s)
      begins_.emplace_back(used.from_s, &usage.terms[used.terms]);
  }
  std::stable_sort(begins_.begin(), begins_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

const UsedTerms* TermsByTime::at(int64_t at_s) const {
  if (begins_.empty()) return nullptr;
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), at_s,
                                      [](int64_t at, const auto& one) { return at < one.first; });
  return after == begins_.begin() ? after->second : std::prev(after)->second;
}

void sweep(const Usage& usage, const SoldUnits& sold, int64_t from_s, int64_t to_s,
           const std::function<void(const SweepStep&)>& visit) {
  Sweep(usage, sold).run(from_s, to_s, visit);
}

}  // namespace charter::billing
