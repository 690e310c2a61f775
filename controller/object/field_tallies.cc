#include "controller/object/field_tallies.h"

namespace charter {

void count_value(Tally& counts, const std::string& value, int64_t times) {
  const auto place = counts.try_emplace(value, 0).first;
  place->second += times;
  if (place->second == 0) counts.erase(place);
}

void FieldTallies::begin(std::string_view field, const Walk& walk) {
  ByNamespace& by_namespace = by_field_[std::string(field)];
  by_namespace.clear();
  walk([&](const Encoded& object) {
    if (const std::string* value = find_pair(object.header().fields, field))
      ++by_namespace[object.header().ns][*value];
  });
}

Tally FieldTallies::of(std::string_view field, std::string_view ns) const {
  Tally counts;
  const auto found = by_field_.find(field);
  if (found == by_field_.end()) return counts;
  if (!ns.empty()) {
    const auto place = found->second.find(ns);
    return place == found->second.end() ? counts : place->second;
  }
  for (const auto& [name, tally] : found->second) {
    for (const auto& [value, times] : tally)
      counts[value] += times;
  }
  return counts;
}

void FieldTallies::change(const Encoded* before, const Encoded* after) {
  for (auto& [field, by_namespace] : by_field_) {
    const auto count = [&wanted = field, &places = by_namespace](const Encoded* object,
                                                                 int64_t times) {
      if (object == nullptr) return;
      const std::string* value = find_pair(object->header().fields, wanted);
      if (value != nullptr) count_value(places[object->header().ns], *value, times);
    };
    count(before, -1);
    count(after, 1);
  }
}

}  // namespace charter
