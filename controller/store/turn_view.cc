#include "controller/store/turn_view.h"

#include <utility>

namespace charter {

ObjectPtr TurnView::get(std::string_view bucket, const ObjectName& name) const {
  if (const auto changes = changes_.find(bucket); changes != changes_.end()) {
    if (const auto change = changes->second.find(name); change != changes->second.end())
      return change->second;
  }
  return base_.get(bucket, name);
}

void TurnView::scan(std::string_view bucket, std::string_view ns,
                    const std::function<bool(const ObjectPtr&)>& visit) const {
  const auto found = changes_.find(bucket);
  if (found == changes_.end()) return base_.scan(bucket, ns, visit);
  auto next = found->second.lower_bound({std::string(ns), ""});
  const auto end = found->second.end();
  const auto in_range = [&] { return next != end && (ns.empty() || next->first.ns == ns); };
  bool open = true;
  // Visits the change that `next` stands at, unless it is a deletion.
  const auto take = [&] {
    const ObjectPtr object = next->second;
    ++next;
    open = !object || visit(object);
  };
  base_.scan(bucket, ns, [&](const ObjectPtr& object) {
    while (open && in_range() && NameView(next->first) < NameView(*object))
      take();
    if (!open) return false;
    if (in_range() && NameView(next->first) == NameView(*object)) {
      take();
    } else {
      open = visit(object);
    }
    return open;
  });
  while (open && in_range())
    take();
}

// Changes of this turn that came before the first question correct what the snapshot counts.
Tally TurnView::tally(std::string_view bucket, std::string_view ns, std::string_view field) const {
  auto& asked = tallies_[std::string(bucket)];
  const auto [place, is_new] = asked.try_emplace({std::string(ns), std::string(field)});
  Tally& counts = place->second;
  if (!is_new) return counts;
  counts = base_.tally(bucket, ns, field);
  const auto changes = changes_.find(bucket);
  if (changes == changes_.end()) return counts;
  for (const auto& [name, object] : changes->second) {
    if (!ns.empty() && ns != name.ns) continue;
    count_change(counts, field, base_.get(bucket, name), object);
  }
  return counts;
}

void TurnView::count_change(Tally& counts, std::string_view field, const ObjectPtr& before,
                            const ObjectPtr& after) {
  const auto* was = before ? find_pair(before->header().fields, field) : nullptr;
  const auto* is = after ? find_pair(after->header().fields, field) : nullptr;
  if (was != nullptr) count_value(counts, *was, -1);
  if (is != nullptr) count_value(counts, *is, 1);
}

void TurnView::record(const Key& key, ObjectPtr object) {
  if (const auto asked = tallies_.find(key.bucket); asked != tallies_.end()) {
    const ObjectPtr before = get(key.bucket, key.name);
    for (auto& [what, counts] : asked->second) {
      const auto& [ns, field] = what;
      if (ns.empty() || ns == key.name.ns) count_change(counts, field, before, object);
    }
  }
  changes_[key.bucket][key.name] = std::move(object);
}

}  // namespace charter
