#pragma once

#include "controller/object/object.h"
#include "controller/object/view.h"

#include <map>
#include <string>
#include <utility>

namespace charter {

/// A View on objects that a test puts there.
class MapView final : public View {
 public:
  /// Adds or replaces an object; `fields` are its header fields.
  void put(const std::string& bucket, const Json& tree, Pairs fields = {}) {
    auto object = Encoded::make(tree, 1, std::move(fields));
    const ObjectName name{object->header().ns, object->header().name};
    buckets_[bucket][name] = std::move(object);
  }

  ObjectPtr get(std::string_view bucket, const ObjectName& name) const override {
    const auto objects = buckets_.find(bucket);
    if (objects == buckets_.end()) return nullptr;
    const auto found = objects->second.find(name);
    return found == objects->second.end() ? nullptr : found->second;
  }

  void scan(std::string_view bucket, std::string_view ns,
            const std::function<bool(const ObjectPtr&)>& visit) const override {
    const auto objects = buckets_.find(bucket);
    if (objects == buckets_.end()) return;
    for (const auto& [name, object] : objects->second) {
      if (!ns.empty() && name.ns != ns) continue;
      if (!visit(object)) return;
    }
  }

 private:
  std::map<std::string, std::map<ObjectName, ObjectPtr>, std::less<>> buckets_;
};

}  // namespace charter
