#include "reconcilers/contract/units.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <map>

namespace charter::contract {
namespace {

constexpr std::string_view kUsage = "usage.";
constexpr std::string_view kEnded = "ended";

// Raises each unit of `most` to what the object at `path` holds.
void raise(UnitCounts& most, const Json* quantities) {
  if (quantities == nullptr || !quantities->is_object()) return;
  for (auto entry = quantities->begin(); entry != quantities->end(); ++entry) {
    if (!entry->is_number_integer()) continue;
    auto& units = most[entry.key()];
    units = std::max(units, entry->get<int64_t>());
  }
}

int64_t ceil_divide(int64_t amount, int64_t by) {
  return by <= 0 ? 0 : amount / by + (amount % by != 0 ? 1 : 0);
}

MachineSize size_of(const SoldUnit& unit) {
  MachineSize size;
  for (const auto& [name, value] : unit.equals.machine) {
    if (name == "vcpus") {
      if (const auto* count = std::get_if<int64_t>(&value.value)) size.vcpus = *count;
    } else if (name == "memory") {
      if (const auto bytes = parse_bytes(value.text())) size.memory_bytes = *bytes;
    }
  }
  return size;
}

// A dimension that the unit leaves out is not limited by it.
bool covers(const MachineSize& unit, const MachineSize& machine) {
  return (unit.vcpus == 0 || machine.vcpus <= unit.vcpus) &&
         (unit.memory_bytes == 0 || machine.memory_bytes <= unit.memory_bytes);
}

bool smaller(const MachineSize& a, const MachineSize& b) {
  return std::pair(a.vcpus, a.memory_bytes) < std::pair(b.vcpus, b.memory_bytes);
}

}  // namespace

UnitCounts held_units(const Json& contract) {
  UnitCounts most;
  if (!text_at(contract, {"status", "terminatedAt"}).empty()) return most;
  raise(most, at(contract, {"spec", "quantities"}));
  raise(most, at(contract, {"status", "accepted", "quantities"}));
  return most;
}

Pairs contract_fields(const Json& contract) {
  if (!text_at(contract, {"status", "terminatedAt"}).empty()) {
    return {{std::string(kEnded), "true"}};
  }
  Pairs fields;
  for (const auto& [unit, count] : held_units(contract)) {
    fields.emplace_back(std::string(kUsage) + unit, std::to_string(count));
  }
  return fields;
}

UnitCounts held_units(const Header& header) {
  UnitCounts held;
  for (const auto& [key, value] : header.fields) {
    if (!key.starts_with(kUsage)) continue;
    int64_t count = 0;
    std::from_chars(value.data(), value.data() + value.size(), count);
    held[key.substr(kUsage.size())] = count;
  }
  return held;
}

bool has_ended(const Header& header) {
  return find_pair(header.fields, kEnded) != nullptr;
}

void add_units(UnitCounts& sum, const UnitCounts& more) {
  for (const auto& [unit, count] : more)
    sum[unit] += count;
}

std::string unit_of_machine(const SoldUnits& sold, const MachineSize& machine) {
  std::string best, largest;
  for (const auto& [name, unit] : sold) {
    if (unit.per != UnitPer::Machine) continue;
    const auto size = size_of(unit);
    if (largest.empty() || smaller(size_of(sold.at(largest)), size)) largest = name;
    if (covers(size, machine) && (best.empty() || smaller(size, size_of(sold.at(best))))) {
      best = name;
    }
  }
  return best.empty() ? largest : best;
}

std::string unit_of_volumes(const SoldUnits& sold, const std::string& volume_class) {
  std::string rest;
  for (const auto& [name, unit] : sold) {
    if (unit.per != UnitPer::Capacity) continue;
    if (unit.volume_class.empty()) {
      if (rest.empty()) rest = name;
    } else if (unit.volume_class == volume_class) {
      return name;
    }
  }
  return rest;
}

UnitCounts count_units(const SoldUnits& sold, const std::vector<MachineSize>& machines,
                       const VolumeBytes& volumes) {
  UnitCounts used;
  for (const auto& [name, unit] : sold)
    used[name] = 0;
  // Machines of one service mostly are of one size: each size is looked up once.
  std::map<std::pair<int64_t, int64_t>, int64_t> sizes;
  for (const auto& machine : machines)
    ++sizes[{machine.vcpus, machine.memory_bytes}];
  for (const auto& [key, times] : sizes) {
    const MachineSize machine{key.first, key.second};
    const auto name = unit_of_machine(sold, machine);
    if (name.empty()) continue;
    const auto size = size_of(sold.at(name));
    used[name] += times * std::max({int64_t{1}, ceil_divide(machine.vcpus, size.vcpus),
                                    ceil_divide(machine.memory_bytes, size.memory_bytes)});
  }
  std::map<std::string, int64_t> bytes;
  for (const auto& [volume_class, size] : volumes) {
    const auto unit = unit_of_volumes(sold, volume_class);
    if (!unit.empty()) bytes[unit] += size;
  }
  for (const auto& [name, size] : bytes)
    used[name] = ceil_divide(size, sold.at(name).equals.capacity_bytes);
  return used;
}

}  // namespace charter::contract
