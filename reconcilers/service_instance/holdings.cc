#include "reconcilers/service_instance/holdings.h"

#include "crds/types/kinds.h"
#include "reconcilers/common/reasons.h"
#include "reconcilers/contract/units.h"
#include "reconcilers/service_instance/components.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_map>

namespace charter::service_instance {
namespace {

/// What instances hold. Volumes are rounded up to units together, at the end of a sum.
struct Holding {
  UnitCounts machine_units;
  contract::VolumeBytes volumes;

  void add(const Holding& more, int64_t times) {
    for (const auto& [unit, count] : more.machine_units)
      machine_units[unit] += count * times;
    for (const auto& [volume_class, bytes] : more.volumes)
      volumes[volume_class] += bytes * times;
  }
  UnitCounts units(const SoldUnits& sold) const {
    auto all = contract::count_units(sold, {}, volumes);
    contract::add_units(all, machine_units);
    return all;
  }
};

Json member(const Json& tree, std::initializer_list<std::string_view> path, Json otherwise) {
  const auto* found = at(tree, path);
  return found != nullptr ? *found : std::move(otherwise);
}

// Machines that were made and are kept go on holding their volumes.
int64_t machines_made(const Json& instance) {
  int64_t made = 0;
  const auto machines = member(instance, {"status", "machines"}, Json::array());
  for (const auto& machine : machines) {
    const auto name = text_at(machine, {"state"});
    if (name != "Pending") made = std::max(made, int_at(machine, {"index"}).value_or(0) + 1);
  }
  return made;
}

// The contract comes first, so that a scan can tell by the beginning.
std::string prefix_of(const std::string& contract) {
  return contract + "|";
}

std::string holds_text(const Json& instance) {
  const Json rest = {{"p", member(instance, {"spec", "parameters"}, Json::object())},
                     {"v", member(instance, {"spec", "volumes"}, Json::array())},
                     {"n", int_at(instance, {"spec", "replicas"}).value_or(1)},
                     {"m", machines_made(instance)},
                     {"r", text_at(instance, {"status", "revision"})}};
  return prefix_of(text_at(instance, {"spec", "contractRef", "name"})) + encode(rest);
}

std::string waits_for(const Json& instance) {
  const auto ready = find_condition(instance, "Ready");
  if (!ready || ready->status == "True") return {};
  const auto cls = class_of(ready->reason);
  if (ready->reason == "RevisionNotFound" || ready->reason == "ReferenceNotFound" ||
      (cls && *cls == ReasonClass::WaitForAcceptance)) {
    return kWaitsForContract;
  }
  const auto scheduled = find_condition(instance, "Scheduled");
  return scheduled && scheduled->status != "True" ? kWaitsForProvider : "";
}

/// Works out holdings by text, each text once.
class Holdings {
 public:
  Holdings(const View& view, const Terms& terms, Catalogs& catalogs)
      : view_(view), sold_(terms.catalog->units), current_(terms.revision), catalogs_(catalogs) {}

  const Holding& of(const std::string& text) {
    const auto [place, is_new] = by_text_.try_emplace(text);
    if (is_new) place->second = work_out(text);
    return place->second;
  }

 private:
  CatalogPtr revision(const std::string& name) const {
    const auto spec = revision_spec(view_, name, catalogs_);
    return spec ? *spec : nullptr;
  }

  // What can't be designed under any revision can't be made either, and holds nothing.
  Holding work_out(const std::string& text) const {
    const auto rest = parse_json(std::string_view(text).substr(text.find('|') + 1));
    if (!rest) return {};
    const Json instance = {{"spec",
                            {{"contractRef", {{"name", "-"}}},
                             {"parameters", (*rest)["p"]},
                             {"volumes", (*rest)["v"]},
                             {"replicas", (*rest)["n"]}}}};
    const auto view = read_service_instance(instance);
    if (!view) return {};
    const auto pinned = text_at(*rest, {"r"});
    const auto catalog = revision(pinned.empty() ? current_ : pinned);
    if (catalog == nullptr) return {};
    const auto blueprint = make_blueprint(*catalog, view->spec);
    if (!blueprint) return {};
    return sum(*blueprint, view->spec, int_at(*rest, {"m"}).value_or(0));
  }

  Holding sum(const Blueprint& blueprint, const ServiceInstance::Spec& spec, int64_t made) const {
    Holding holding;
    const auto replicas = replicas_of(spec);
    for (const auto& machine : blueprint.machines) {
      const auto one = contract::count_units(sold_, {{machine.vcpus, machine.memory_bytes}}, {});
      holding.add({one, {}}, replicas);
    }
    for (const auto& volume : blueprint.volumes) {
      const auto copies = is_per_machine(blueprint, volume)
                              ? std::max(replicas, made) *
                                    static_cast<int64_t>(attached_to(blueprint, volume).size())
                              : 1;
      holding.volumes[volume.volume_class] += volume.size_bytes * copies;
    }
    return holding;
  }

  const View& view_;
  const SoldUnits& sold_;
  const std::string current_;
  Catalogs& catalogs_;
  std::unordered_map<std::string, Holding> by_text_;
};

// Volumes that the consumer made under the contract without an instance.
Holding volumes_alone(const View& view, const std::string& ns, const std::string& contract) {
  Holding alone;
  view.scan(kinds::bucket(kinds::volumes()), ns, [&](const ObjectPtr& volume) {
    const auto& fields = volume->header().fields;
    const auto* named = find_pair(fields, "spec.contractRef.name");
    const auto* owner = find_pair(fields, "spec.instanceRef.name");
    if (named == nullptr || *named != contract || (owner != nullptr && !owner->empty()))
      return true;
    // Few are made this way; those of instances were passed over by their headers.
    const auto& spec = volume->bare_tree();
    const auto size = parse_bytes(text_at(spec, {"spec", "size"}));
    alone.volumes[text_at(spec, {"spec", "class"})] += size ? *size : 0;
    return true;
  });
  return alone;
}

bool sells_storage(const SoldUnits& sold) {
  return std::any_of(sold.begin(), sold.end(),
                     [](const auto& unit) { return unit.second.per == UnitPer::Capacity; });
}

int64_t count_in(const UnitCounts& counts, const std::string& unit) {
  const auto found = counts.find(unit);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

Pairs header_fields(const Json& instance) {
  Pairs fields = {{kHoldsField, holds_text(instance)},
                  {kRevisionField, text_at(instance, {"status", "revision"})}};
  if (auto waits = waits_for(instance); !waits.empty())
    fields.emplace_back(kWaitsField, std::move(waits));
  return fields;
}

Result<CatalogPtr> revision_spec(const View& view, const std::string& name, Catalogs& catalogs) {
  if (name.empty()) return CatalogPtr();
  const auto found = view.get(kinds::bucket(kinds::service_offering_revisions()), {"", name});
  CHARTER_TRY_ASSIGN(const auto revision,
                     catalogs.revisions.get(found, read_service_offering_revision));
  return revision ? CatalogPtr(revision, &revision->spec) : CatalogPtr();
}

Result<std::optional<Terms>> terms_of(const View& view, const ObjectName& contract,
                                      Catalogs& catalogs) {
  const auto found = view.get(kinds::bucket(kinds::contracts()), contract);
  CHARTER_TRY_ASSIGN(const auto read, catalogs.contracts.get(found, read_contract));
  if (read == nullptr) return std::optional<Terms>();
  Terms terms{read->spec.quantities, {}, {}};
  if (read->status.accepted) {
    terms.ordered = read->status.accepted->quantities;
    terms.revision = read->status.accepted->revision;
  } else if (const auto offering = view.get(kinds::bucket(kinds::service_offerings()),
                                            {"", read->spec.offering.name})) {
    terms.revision = text_at(offering->bare_tree(), {"status", "revision"});
  }
  CHARTER_TRY_ASSIGN(terms.catalog, revision_spec(view, terms.revision, catalogs));
  return std::optional(std::move(terms));
}

std::string to_string(const Shortage& shortage) {
  return shortage.unit + ": ordered " + std::to_string(shortage.ordered) + ", used " +
         std::to_string(shortage.used) + ", asked " + std::to_string(shortage.asked);
}

namespace {

// What everything else under the contract holds: equal instances are one sum.
Holding others_of(const View& view, const Terms& terms, const Json& instance, Holdings& holdings) {
  const auto name = text_at(instance, {"metadata", "name"});
  const auto ns = text_at(instance, {"metadata", "namespace"});
  const auto contract = text_at(instance, {"spec", "contractRef", "name"});
  const auto prefix = prefix_of(contract);
  auto tally = view.tally(kinds::bucket(kinds::service_instances()), ns, kHoldsField);
  const auto own = view.get(kinds::bucket(kinds::service_instances()), {ns, name});
  if (own != nullptr) {
    const auto* text = find_pair(own->header().fields, kHoldsField);
    // A cache may have changed between the two looks; inside the writer's turn nothing has.
    if (text != nullptr && tally[*text] > 0) --tally[*text];
  }
  Holding others;
  for (auto at = tally.lower_bound(prefix); at != tally.end() && at->first.starts_with(prefix);
       ++at)
    others.add(holdings.of(at->first), at->second);
  if (sells_storage(terms.catalog->units)) others.add(volumes_alone(view, ns, contract), 1);
  return others;
}

}  // namespace

std::vector<Shortage> shortages(const View& view, const Terms& terms, const Json& now,
                                const Json* before, Catalogs& catalogs) {
  std::vector<Shortage> found;
  if (!terms.catalog) return found;
  const auto& sold = terms.catalog->units;
  Holdings holdings(view, terms, catalogs);
  const auto own = holdings.of(holds_text(now));
  const auto was = before != nullptr ? holdings.of(holds_text(*before)) : Holding{};
  const auto asked = own.units(sold), held = was.units(sold);
  const bool grows = std::any_of(asked.begin(), asked.end(), [&held](const auto& entry) {
    return entry.second > count_in(held, entry.first);
  });
  if (!grows) return found;
  auto after = others_of(view, terms, now, holdings);
  auto used = after;
  after.add(own, 1);
  used.add(was, 1);
  const auto units_after = after.units(sold), units_used = used.units(sold);
  for (const auto& [unit, count] : asked) {
    const auto ordered = count_in(terms.ordered, unit);
    if (count <= count_in(held, unit) || count_in(units_after, unit) <= ordered) continue;
    found.push_back({unit, ordered, count_in(units_used, unit), count});
  }
  return found;
}

std::string field_of(const SoldUnits& sold, const std::string& unit) {
  const auto found = sold.find(unit);
  const bool storage = found != sold.end() && found->second.per == UnitPer::Capacity;
  return storage ? "spec.volumes" : "spec.replicas";
}

int64_t replicas_covered(const SoldUnits& sold, const UnitCounts& ordered,
                         const std::vector<MachineDesign>& machines) {
  std::vector<contract::MachineSize> sizes;
  for (const auto& machine : machines)
    sizes.push_back({machine.vcpus, machine.memory_bytes});
  int64_t covered = INT64_MAX;
  for (const auto& [unit, each] : contract::count_units(sold, sizes, {})) {
    if (each > 0 && ordered.contains(unit)) covered = std::min(covered, ordered.at(unit) / each);
  }
  return covered;
}

}  // namespace charter::service_instance
