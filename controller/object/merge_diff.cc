#include "controller/object/merge_diff.h"

#include <nlohmann/json.hpp>

namespace charter {

// Documents are no deeper than kDocumentDepthMax, so recursion is bounded.
Json three_way_merge_patch(const Json& original, const Json& modified, const Json& current) {
  Json patch = Json::object();
  for (const auto& [key, wanted] : modified.items()) {
    const Json* now = at(current, {key});
    if (now != nullptr && now->is_object() && wanted.is_object()) {
      const Json* was = at(original, {key});
      Json inner = three_way_merge_patch(was != nullptr ? *was : Json::object(), wanted, *now);
      if (!inner.empty()) patch[key] = std::move(inner);
    } else if (now == nullptr ? !wanted.is_null() : *now != wanted) {
      patch[key] = wanted;
    }
  }
  if (!original.is_object()) return patch;
  for (const auto& [key, was] : original.items()) {
    if (!modified.contains(key) && at(current, {key}) != nullptr) patch[key] = nullptr;
  }
  return patch;
}

}  // namespace charter
