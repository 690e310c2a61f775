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

void TurnView::record(const Key& key, ObjectPtr object) {
  changes_[key.bucket][key.name] = std::move(object);
}

}  // namespace charter
