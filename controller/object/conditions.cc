#include "controller/object/conditions.h"

#include "controller/base/limits.h"
#include "controller/object/utf8.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

bool has_type(const Json& entry, std::string_view type) {
  return text_at(entry, {"type"}) == type;
}

/// The entry of a type in a list, or its end.
Json::iterator find_entry(Json& list, std::string_view type) {
  return std::find_if(list.begin(), list.end(),
                      [&](const Json& entry) { return has_type(entry, type); });
}

/// Sets a member and says whether that changed it.
bool set_member(Json& entry, const char* name, Json value) {
  Json& member = entry[name];
  if (member == value) return false;
  member = std::move(value);
  return true;
}

/// observedGeneration is optional in metav1.Condition: absent means that nobody counted.
bool set_generation(Json& entry, int64_t generation) {
  if (generation == 0) return entry.erase("observedGeneration") > 0;
  return set_member(entry, "observedGeneration", generation);
}

}  // namespace

bool set_condition(Json& status_object, const Condition& condition, Instant now) {
  if (!status_object.is_object()) status_object = Json::object();
  Json& list = status_object["conditions"];
  if (!list.is_array()) list = Json::array();
  auto found = find_entry(list, condition.type);
  if (found == list.end()) {
    list.push_back(Json{{"type", condition.type}});
    found = list.end() - 1;
  }
  Json& entry = *found;
  bool changed = false;
  if (set_member(entry, "status", condition.status)) {
    entry["lastTransitionTime"] = format_time(now);
    changed = true;
  }
  const std::string message(utf8_prefix(condition.message, limits::kConditionMessageBytesMax));
  changed |= set_member(entry, "reason", condition.reason);
  changed |= set_member(entry, "message", message);
  changed |= set_generation(entry, condition.observed_generation);
  return changed;
}

bool remove_condition(Json& status_object, std::string_view type) {
  if (!status_object.is_object()) return false;
  const auto list = status_object.find("conditions");
  if (list == status_object.end() || !list->is_array()) return false;
  const auto found = find_entry(*list, type);
  if (found == list->end()) return false;
  list->erase(found);
  return true;
}

std::optional<Condition> find_condition(const Json& object, std::string_view type) {
  const Json* list = at(object, {"status", "conditions"});
  if (list == nullptr || !list->is_array()) return std::nullopt;
  for (const Json& entry : *list) {
    if (!has_type(entry, type)) continue;
    return Condition{std::string(type), text_at(entry, {"status"}), text_at(entry, {"reason"}),
                     text_at(entry, {"message"}),
                     int_at(entry, {"observedGeneration"}).value_or(0)};
  }
  return std::nullopt;
}

bool condition_is_true(const Json& object, std::string_view type) {
  const auto condition = find_condition(object, type);
  return condition && condition->status == "True";
}

}  // namespace charter
