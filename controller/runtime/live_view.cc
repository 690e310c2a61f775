#include "controller/runtime/live_view.h"

namespace charter {

ObjectPtr LiveView::get(std::string_view bucket, const ObjectName& name) const {
  if (failure_) return nullptr;
  const std::pair key{std::string(bucket), name};
  if (const auto known = objects_.find(key); known != objects_.end()) return known->second;
  const auto resource = resource_of_(bucket);
  if (!resource) return nullptr;
  auto found = client_.get(*resource, name);
  if (!found && found.error().code != Code::NotFound) {
    failure_ = found.error();
    return nullptr;
  }
  return objects_[key] = found ? std::move(*found) : nullptr;
}

void LiveView::scan(std::string_view bucket, std::string_view ns,
                    const std::function<bool(const ObjectPtr&)>& visit) const {
  if (failure_) return;
  const std::pair key{std::string(bucket), std::string(ns)};
  auto known = lists_.find(key);
  if (known == lists_.end()) {
    const auto resource = resource_of_(bucket);
    if (!resource) return;
    auto list = client_.list(*resource, {std::string(ns), "", ""});
    if (!list) {
      failure_ = list.error();
      return;
    }
    known = lists_.emplace(key, std::move(list->objects)).first;
  }
  for (const ObjectPtr& object : known->second) {
    if (!visit(object)) return;
  }
}

}  // namespace charter
