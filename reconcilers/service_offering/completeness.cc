#include "controller/object/causes.h"
#include "reconcilers/common/money.h"
#include "reconcilers/parameters/narrowing.h"
#include "reconcilers/service_offering/content.h"
#include "reconcilers/service_template/consistency.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

// The checks of content.h.
namespace charter::service_offering {
namespace {

std::string element(const std::string& list, size_t index) {
  return list + "[" + std::to_string(index) + "]";
}

void check_machine_unit(const SoldUnit& unit, const std::string& field,
                        std::vector<Cause>& causes) {
  const auto& size = unit.equals.machine;
  if (size.empty()) {
    causes.push_back(required_cause(field, "for Machine an object with vcpus and memory"));
    return;
  }
  for (const auto& [name, value] : size) {
    const auto at = field + "." + name;
    const auto* count = std::get_if<int64_t>(&value.value);
    if (name == "vcpus") {
      if (count == nullptr || *count < 1)
        causes.push_back(invalid_cause(at, value.text(), "must be an integer of at least 1"));
    } else if (name == "memory") {
      const auto bytes = parse_bytes(value.text());
      if (!bytes || *bytes < 1)
        causes.push_back(invalid_cause(at, value.text(), "must be an amount such as 8GB"));
    } else {
      causes.push_back(unsupported_cause(at, name, {"vcpus", "memory"}));
    }
  }
  for (const char* name : {"vcpus", "memory"}) {
    if (!size.contains(name)) causes.push_back(required_cause(field + "." + name));
  }
}

void check_unit(const SoldUnit& unit, const std::string& field, std::vector<Cause>& causes) {
  if (unit.per == UnitPer::Machine) return check_machine_unit(unit, field, causes);
  if (!unit.equals.machine.empty() || unit.equals.capacity_bytes < 1) {
    causes.push_back(required_cause(field, "for Capacity an amount such as 100GB"));
  }
}

// Whether an item's meter sees one unit at all.
bool measures(const RateItem& item, const std::string& name, const SoldUnit& unit) {
  const bool machine = unit.per == UnitPer::Machine;
  switch (item.meter) {
    case Meter::CpuHours:
    case Meter::MemoryHours:
    case Meter::MachineHours:
      return machine;
    case Meter::Storage:
      return !machine;
    case Meter::Units:
      return item.unit.empty() || item.unit == name;
    case Meter::Subscription:
      return true;
    default:  // what machines consume is a price for them, but having one may cost nothing
      break;
  }
  return machine;
}

// What OrderedNotProvisioned costs is no price for using a unit.
bool is_priced(const Rates& rates, const std::string& name, const SoldUnit& unit) {
  return std::any_of(rates.items.begin(), rates.items.end(), [&](const auto& item) {
    return item.basis != Basis::OrderedNotProvisioned && measures(item, name, unit);
  });
}

}  // namespace

void check_alone(const ServiceOffering::Spec& spec, std::vector<Cause>& causes) {
  std::map<std::string, std::string> by_class;
  for (const auto& [name, unit] : spec.units) {
    check_unit(unit, "spec.units." + name + ".equals", causes);
    const auto field = "spec.units." + name + ".class";
    if (unit.per == UnitPer::Machine) {
      if (!unit.volume_class.empty())
        causes.push_back(forbidden_cause(field, "only volumes have one; machines count by size"));
      continue;
    }
    // A volume counts in one unit.
    const auto [other, fresh] = by_class.try_emplace(unit.volume_class, name);
    if (fresh) continue;
    causes.push_back(invalid_cause(field, unit.volume_class,
                                   "volumes of this class are counted in " + other->second));
  }
  const auto& visibility = spec.visibility;
  const std::string accounts = "spec.visibility.accounts";
  if (visibility.audience == Audience::Accounts && visibility.accounts.empty()) {
    causes.push_back(required_cause(accounts, "the accounts that see it"));
  } else if (visibility.audience == Audience::Public && !visibility.accounts.empty()) {
    causes.push_back(forbidden_cause(accounts, "only with audience Accounts"));
  }
  const auto ttl = spec.contract_policy.quote_ttl;
  if (ttl <= Duration::zero()) {
    causes.push_back(
        invalid_cause("spec.contractPolicy.quoteTTL", duration_text(ttl), "must be above zero"));
  }
}

void check_against_template(const ServiceOffering::Spec& spec, const Template& sold,
                            std::vector<Cause>& causes) {
  for (size_t i = 0; i < spec.parameters.size(); ++i) {
    const auto& inner = spec.parameters[i];
    const auto field = element("spec.parameters", i);
    const auto* outer = service_template::find_parameter(sold, inner.name);
    if (outer == nullptr) {
      causes.push_back(invalid_cause(field + ".name", inner.name,
                                     "template " + spec.template_ref.ns + "/" +
                                         spec.template_ref.name + " has no such parameter"));
      continue;
    }
    parameters::check_narrowing(*outer, inner, field, causes);
  }
}

void check_complete(const ServiceOffering::Spec& spec, const Rates* rates,
                    std::vector<Cause>& causes) {
  if (spec.units.empty()) {
    causes.push_back(required_cause("spec.units", "what is sold, before it is published"));
  }
  if (!spec.service_level || spec.service_level->availability.empty()) {
    causes.push_back(required_cause("spec.serviceLevel.availability",
                                    "what is promised, before it is "
                                    "published"));
  }
  if (!spec.billing) {
    causes.push_back(required_cause("spec.billing", "the price, before it is published"));
    return;
  }
  if (rates == nullptr) return;
  for (const auto& [name, unit] : spec.units) {
    if (is_priced(*rates, name, unit)) continue;
    causes.push_back(
        invalid_cause("spec.units." + name, name,
                      "rate card " + spec.billing->rate_card + " has no price for this unit"));
  }
}

}  // namespace charter::service_offering
