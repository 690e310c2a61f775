#include "reconcilers/preview/effects.h"

#include "controller/object/conditions.h"
#include "controller/object/merge_diff.h"
#include "controller/object/utf8.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <utility>

namespace charter::preview {
namespace {

constexpr size_t kValueBytesMax = 60;
constexpr std::string_view kHidden = "(hidden)";

using Identity = std::pair<std::string, ObjectName>;

Identity identity_of(const Json& object) {
  return {text_at(object, {"kind"}),
          {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})}};
}

/// Calls `visit` with both states of each object; absent is null.
void for_each_pair(const std::vector<Json>& before, const std::vector<Json>& after,
                   const std::function<void(const Json* was, const Json* is)>& visit) {
  auto was = before.begin();
  auto is = after.begin();
  while (was != before.end() || is != after.end()) {
    const bool only_was =
        is == after.end() || (was != before.end() && identity_of(*was) < identity_of(*is));
    const bool only_is = !only_was && (was == before.end() || identity_of(*is) < identity_of(*was));
    visit(only_is ? nullptr : &*was, only_was ? nullptr : &*is);
    if (!only_is) ++was;
    if (!only_was) ++is;
  }
}

/// Collects what differs between two trees.
class Comparison {
 public:
  explicit Comparison(bool hide_values) : hide_values_(hide_values) {}

  void compare(const std::string& path, const Json* was, const Json* is) {
    if (was != nullptr && is != nullptr && *was == *is) return;
    if (was != nullptr && is != nullptr && was->is_object() && is->is_object()) {
      for (const auto& [key, value] : was->items())
        compare(join(path, key), &value, at(*is, {key}));
      for (const auto& [key, value] : is->items()) {
        if (!was->contains(key)) compare(join(path, key), nullptr, &value);
      }
      return;
    }
    if (was != nullptr && is != nullptr && was->is_array() && is->is_array() &&
        was->size() == is->size()) {
      for (size_t i = 0; i < was->size(); ++i)
        compare(path + "[" + std::to_string(i) + "]", &(*was)[i], &(*is)[i]);
      return;
    }
    fields_.push_back({path, value_text(was), value_text(is)});
  }

  std::vector<FieldEffect> take() { return std::move(fields_); }

 private:
  static std::string join(const std::string& path, const std::string& key) {
    return path.empty() ? key : path + "." + key;
  }

  std::string value_text(const Json* value) const {
    if (value == nullptr) return {};
    if (hide_values_) return std::string(kHidden);
    const std::string text = value->is_string() ? value->get<std::string>() : encode(*value);
    if (text.size() <= kValueBytesMax) return text;
    return std::string(utf8_prefix(text, kValueBytesMax - 3)) + "...";
  }

  const bool hide_values_;
  std::vector<FieldEffect> fields_;
};

// What a user or a parent wrote: everything but status and what the server keeps in metadata.
Json written_part(const Json& object) {
  Json part = object;
  part.erase("status");
  part.erase("metadata");
  for (const char* key : {"labels", "annotations"}) {
    if (const Json* kept = at(object, {"metadata", key})) part["metadata"][key] = *kept;
  }
  if (at(part, {"metadata", "annotations"}) != nullptr) {
    auto& annotations = part["metadata"]["annotations"];
    annotations.erase(kLastAppliedAnnotation);
    if (annotations.empty()) part["metadata"].erase("annotations");
    if (part["metadata"].empty()) part.erase("metadata");
  }
  return part;
}

std::vector<FieldEffect> fields_between(const Json& was, const Json& is) {
  Comparison comparison(text_at(is, {"kind"}) == "Secret");
  const Json from = written_part(was), to = written_part(is);
  comparison.compare("", &from, &to);
  return comparison.take();
}

bool is_deleting(const Json& object) {
  return !text_at(object, {"metadata", "deletionTimestamp"}).empty();
}

bool is_on(const Json& machine) {
  return text_at(machine, {"status", "power"}) == "On";
}

bool is_replaced(const Json& was, const Json& is) {
  if (text_at(was, {"metadata", "uid"}) != text_at(is, {"metadata", "uid"})) return true;
  const auto had = text_at(was, {"status", "externalID"});
  const auto has = text_at(is, {"status", "externalID"});
  return !had.empty() && !has.empty() && had != has;
}

bool is_restarted(const Json& was, const Json& is) {
  return text_at(is, {"kind"}) == "Machine" && is_on(was) && is_on(is) &&
         text_at(was, {"status", "bootedAt"}) != text_at(is, {"status", "bootedAt"});
}

std::optional<ObjectEffect> effect_on(const Json* was, const Json* is) {
  ObjectEffect found;
  std::tie(found.kind, found.name) = identity_of(is != nullptr ? *is : *was);
  if (was == nullptr) {
    found.effect = Effect::Created;
    return found;
  }
  if (is_deleting(*was) && is != nullptr && is_deleting(*is)) return std::nullopt;
  if (is == nullptr || is_deleting(*is)) {
    found.effect = Effect::Destroyed;
    return found;
  }
  found.fields = fields_between(*was, *is);
  if (is_replaced(*was, *is)) {
    found.effect = Effect::Replaced;
  } else if (is_restarted(*was, *is)) {
    found.effect = Effect::Restarted;
  } else if (found.fields.empty()) {
    return std::nullopt;
  }
  return found;
}

/// The condition that says what an object waits for, if it does.
std::optional<Condition> waiting(const Json& object) {
  if (auto deleting = find_condition(object, "Deleting")) return deleting;
  auto ready = find_condition(object, "Ready");
  if (!ready || ready->status == "True") return std::nullopt;
  return ready;
}

std::optional<PlacedInstance> placement_of(const Json& object) {
  if (text_at(object, {"kind"}) != "ServiceInstance") return std::nullopt;
  PlacedInstance placed{identity_of(object).second,
                        text_at(object, {"status", "placement", "provider"}),
                        text_at(object, {"status", "placement", "region"}),
                        text_at(object, {"status", "placement", "jurisdiction"})};
  if (placed.provider.empty()) return std::nullopt;
  return placed;
}

}  // namespace

std::string_view to_word(Effect effect) {
  static constexpr std::string_view kWords[] = {"created", "changed in place", "restarted",
                                                "replaced", "destroyed"};
  return kWords[static_cast<size_t>(effect)];
}

std::vector<ObjectEffect> effects_between(const std::vector<Json>& before,
                                          const std::vector<Json>& after) {
  std::vector<ObjectEffect> effects;
  for_each_pair(before, after, [&](const Json* was, const Json* is) {
    if (auto found = effect_on(was, is)) effects.push_back(std::move(*found));
  });
  return effects;
}

std::vector<Wait> waits_between(const std::vector<Json>& before, const std::vector<Json>& after) {
  std::vector<Wait> waits;
  for_each_pair(before, after, [&](const Json* was, const Json* is) {
    const auto waits_for = is != nullptr ? waiting(*is) : std::nullopt;
    if (!waits_for) return;
    const auto waited_for = was != nullptr ? waiting(*was) : std::nullopt;
    const bool same = waited_for && waited_for->reason == waits_for->reason;
    if (same && !effect_on(was, is)) return;
    const auto [kind, name] = identity_of(*is);
    waits.push_back({kind, name, waits_for->reason, waits_for->message});
  });
  return waits;
}

std::vector<PlacedInstance> new_placements(const std::vector<Json>& before,
                                           const std::vector<Json>& after) {
  std::vector<PlacedInstance> placements;
  for_each_pair(before, after, [&](const Json* was, const Json* is) {
    auto placed = is != nullptr ? placement_of(*is) : std::nullopt;
    if (placed && (was == nullptr || placement_of(*was) != placed))
      placements.push_back(std::move(*placed));
  });
  return placements;
}

}  // namespace charter::preview
