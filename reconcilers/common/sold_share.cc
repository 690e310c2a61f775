#include "reconcilers/common/sold_share.h"

#include "crds/types/view.h"

#include <variant>

namespace charter {
namespace {

int64_t parameter(const SoldUnit& unit, const std::string& name) {
  const auto found = unit.equals.machine.find(name);
  if (found == unit.equals.machine.end()) return 0;
  if (const auto* count = std::get_if<int64_t>(&found->second.value)) return *count;
  return parse_bytes(found->second.text()).value_or(0);
}

}  // namespace

int64_t share_of(const RateItem& item, const std::string& name, const SoldUnit& unit) {
  const bool machine = unit.per == UnitPer::Machine;
  switch (item.meter) {
    case Meter::CpuHours:
      return machine ? parameter(unit, "vcpus") : 0;
    case Meter::MemoryHours:
      return machine ? parameter(unit, "memory") : 0;
    case Meter::MachineHours:
      return machine ? 1 : 0;
    case Meter::Storage:
      return machine ? 0 : unit.equals.capacity_bytes;
    case Meter::Units:
      return item.unit.empty() || item.unit == name ? 1 : 0;
    default:  // a subscription is of no unit, and nobody orders consumption
      break;
  }
  return 0;
}

}  // namespace charter
