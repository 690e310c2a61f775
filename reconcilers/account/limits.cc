#include "reconcilers/account/limits.h"

#include "crds/types/kinds.h"
#include "reconcilers/contract/units.h"

#include <nlohmann/json.hpp>

#include <charconv>

namespace charter::account {
namespace {

constexpr std::string_view kLimit = "limits.";
constexpr std::string_view kNamespaces = "namespaces";
constexpr size_t kNamesShown = 8;  // with names of 63 bytes each a message stays below 1 KiB

int64_t count_in(const UnitCounts& counts, const std::string& unit) {
  const auto found = counts.find(unit);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Pairs limit_fields(const Json& account) {
  Pairs fields;
  if (const auto* limits = at(account, {"spec", "limits"}); limits != nullptr) {
    for (auto limit = limits->begin(); limit != limits->end(); ++limit) {
      if (limit->is_number_integer()) {
        fields.emplace_back(std::string(kLimit) + limit.key(),
                            std::to_string(limit->get<int64_t>()));
      }
    }
  }
  std::string packed;
  if (const auto* names = at(account, {"spec", "namespaces"}); names != nullptr) {
    for (const auto& name : *names) {
      if (!name.is_string()) continue;
      packed += (packed.empty() ? "" : " ") + name.get<std::string>();
    }
  }
  fields.emplace_back(std::string(kNamespaces), std::move(packed));
  return fields;
}

UnitCounts limits_of(const Header& account) {
  UnitCounts limits;
  for (const auto& [key, value] : account.fields) {
    if (!key.starts_with(kLimit)) continue;
    int64_t limit = 0;
    std::from_chars(value.data(), value.data() + value.size(), limit);
    limits[key.substr(kLimit.size())] = limit;
  }
  return limits;
}

std::vector<std::string> namespaces_of(const Header& account) {
  std::vector<std::string> names;
  const auto* packed = find_pair(account.fields, kNamespaces);
  if (packed == nullptr) return names;
  for (size_t from = 0; from < packed->size();) {
    const auto end = std::min(packed->find(' ', from), packed->size());
    if (end > from) names.push_back(packed->substr(from, end - from));
    from = end + 1;
  }
  return names;
}

std::vector<ObjectPtr> contracts_of(const View& view, const std::vector<std::string>& namespaces) {
  std::vector<ObjectPtr> contracts;
  const auto bucket = kinds::bucket(kinds::contracts());
  for (const auto& ns : namespaces) {
    // An empty namespace would mean all of them.
    if (ns.empty()) continue;
    view.scan(bucket, ns, [&contracts](const ObjectPtr& contract) {
      if (!contract::has_ended(contract->header())) contracts.push_back(contract);
      return true;
    });
  }
  return contracts;
}

UnitCounts used_units(const View& view, const std::vector<std::string>& namespaces) {
  UnitCounts used;
  for (const auto& contract : contracts_of(view, namespaces)) {
    contract::add_units(used, contract::held_units(contract->header()));
  }
  return used;
}

std::string to_string(const Overrun& overrun) {
  return overrun.unit + ": limit " + std::to_string(overrun.limit) + ", used " +
         std::to_string(overrun.used) + ", asked " + std::to_string(overrun.asked);
}

std::vector<Overrun> overruns(const UnitCounts& limits, const UnitCounts& used,
                              const UnitCounts& before, const UnitCounts& asked) {
  std::vector<Overrun> found;
  for (const auto& [unit, count] : asked) {
    const auto held = count_in(before, unit);
    if (count <= held) continue;
    const Overrun overrun{unit, count_in(limits, unit), count_in(used, unit), count};
    if (overrun.used - held + count > overrun.limit) found.push_back(overrun);
  }
  return found;
}

std::string name_list(const std::vector<std::string>& names) {
  std::string list;
  for (size_t i = 0; i < names.size() && i < kNamesShown; ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesShown) {
    list += " and " + std::to_string(names.size() - kNamesShown) + " more";
  }
  return list;
}

}  // namespace charter::account
