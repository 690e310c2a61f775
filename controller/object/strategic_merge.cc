#include "controller/object/metadata_schema.h"
#include "controller/object/patch.h"
#include "controller/object/schema.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace charter {
namespace {

constexpr const char* kDirective = "$patch";
constexpr const char* kRetainKeys = "$retainKeys";
constexpr std::string_view kDeletePrefix = "$deleteFromPrimitiveList/";
constexpr std::string_view kOrderPrefix = "$setElementOrder/";

/// How a list merges: by keys, as a set, or not at all (replaced).
struct ListShape {
  enum class Kind { Replace, Set, Keyed };
  Kind kind = Kind::Replace;
  std::vector<std::string> keys = {};
};

/// A place in the schema. `schema` is null where nothing is declared.
struct Place {
  const Schema* schema;
  size_t depth;
};

/// Leaves the recursion with an Error. Never leaves this file.
struct Refusal {
  std::string what;
};

[[noreturn]] void refuse(const std::string& what) {
  throw Refusal{what};
}

const Schema* child_schema(const Place& place, const std::string& key) {
  const Schema* declared = nullptr;
  if (place.schema != nullptr) {
    declared = place.schema->property(key);
    if (declared == nullptr) declared = place.schema->additional();
  }
  // Kinds do not declare metadata: all have the same.
  const bool is_meta = place.depth == 0 && key == "metadata";
  if (is_meta && (declared == nullptr || declared->property("name") == nullptr)) {
    return &object_meta_schema();
  }
  return declared;
}

ListShape shape_of(const Schema* list, const std::string& key) {
  if (list != nullptr && list->list_type() == ListType::Map && !list->list_keys().empty()) {
    return {ListShape::Kind::Keyed, list->list_keys()};
  }
  if (list != nullptr && list->list_type() == ListType::Set) return {ListShape::Kind::Set};
  // metav1.Condition carries the marker in Go; definitions of status often do not repeat it.
  if (key == "conditions") return {ListShape::Kind::Keyed, {"type"}};
  return {};
}

Json merge_object(Json target, const Json& patch, const Place& place);

bool is_directive(const std::string& key) {
  return key == kDirective || key == kRetainKeys || key.starts_with(kDeletePrefix) ||
         key.starts_with(kOrderPrefix);
}

std::string directive_of(const Json& patch) {
  const auto found = patch.find(kDirective);
  if (found == patch.end()) return "merge";
  const std::string word = found->is_string() ? found->get<std::string>() : found->dump();
  if (word != "merge" && word != "replace" && word != "delete") {
    refuse("unknown patch type found: " + word);
  }
  return word;
}

/// What a patch means where nothing was before: without directives and nulls.
Json as_new(const Json& patch, const Place& place) {
  if (!patch.is_object()) return patch;
  return merge_object(Json::object(), patch, place);
}

/// The values of the merge keys, as an array. Refuses an element without one of them.
Json identity(const Json& element, const ListShape& shape) {
  if (!element.is_object()) refuse("a list that merges by key must hold objects");
  Json id = Json::array();
  for (const std::string& key : shape.keys) {
    const auto value = element.find(key);
    if (value == element.end()) {
      refuse("map: " + encode(element).substr(0, 256) +
             " does not contain declared merge key: " + key);
    }
    id.push_back(*value);
  }
  return id;
}

Json element_identity(const Json& element, const ListShape& shape) {
  return shape.kind == ListShape::Kind::Keyed ? identity(element, shape) : element;
}

/// Identity → position. Elements without their keys (stored before the schema asked for them) have
/// none.
std::map<Json, size_t> positions(const Json& list, const ListShape& shape) {
  std::map<Json, size_t> out;
  for (size_t i = 0; i < list.size(); ++i) {
    const bool keyed = shape.kind == ListShape::Kind::Keyed;
    const bool complete =
        !keyed || (list[i].is_object() &&
                   std::all_of(shape.keys.begin(), shape.keys.end(),
                               [&](const std::string& key) { return list[i].contains(key); }));
    if (complete) out.emplace(element_identity(list[i], shape), i);
  }
  return out;
}

/// `{"$patch":"replace"}` among the elements: the others are the whole new list.
bool replaces_list(const Json& patch) {
  return std::any_of(patch.begin(), patch.end(), [](const Json& element) {
    return element.is_object() && element.size() == 1 && element.contains(kDirective) &&
           directive_of(element) == "replace";
  });
}

Json replace_list(const Json& patch, const Place& items) {
  Json out = Json::array();
  for (const Json& element : patch) {
    if (element.is_object() && element.contains(kDirective)) continue;
    out.push_back(as_new(element, items));
  }
  return out;
}

void drop_marked(Json& list, const std::vector<bool>& marked) {
  Json kept = Json::array();
  for (size_t i = 0; i < list.size(); ++i) {
    if (i >= marked.size() || !marked[i]) kept.push_back(std::move(list[i]));
  }
  list = std::move(kept);
}

Json merge_keyed(Json target, const Json& patch, const ListShape& shape, const Place& items) {
  if (replaces_list(patch)) return replace_list(patch, items);
  std::map<Json, size_t> known = positions(target, shape);
  std::vector<bool> deleted(target.size(), false);
  for (const Json& element : patch) {
    const Json id = identity(element, shape);
    const std::string directive = directive_of(element);
    const auto found = known.find(id);
    if (directive == "delete") {
      if (found != known.end() && found->second < deleted.size()) deleted[found->second] = true;
    } else if (found == known.end()) {
      known.emplace(id, target.size());
      target.push_back(as_new(element, items));
    } else {
      Json& merged = target[found->second];
      merged = merge_object(std::move(merged), element, items);
    }
  }
  drop_marked(target, deleted);
  return target;
}

Json merge_set(Json target, const Json& patch) {
  std::map<Json, size_t> known = positions(target, {ListShape::Kind::Set});
  for (const Json& element : patch) {
    if (known.emplace(element, target.size()).second) target.push_back(element);
  }
  return target;
}

Json merge_list(Json target, const Json& patch, const ListShape& shape, const Place& list) {
  const Place items{list.schema != nullptr ? list.schema->items() : nullptr, list.depth + 1};
  switch (shape.kind) {
    case ListShape::Kind::Keyed:
      return merge_keyed(std::move(target), patch, shape, items);
    case ListShape::Kind::Set:
      return merge_set(std::move(target), patch);
    case ListShape::Kind::Replace:
      break;
  }
  return patch;
}

/// Sorts by `order`; elements that it does not name keep their order and go before those that stood
/// behind them on the server (strategicpatch.mergeSortedSlice).
void set_order(Json& list, const Json& order, const Json& before, const ListShape& shape) {
  const std::map<Json, size_t> wanted = positions(order, shape);
  const std::map<Json, size_t> server = positions(before, shape);
  const auto place = [&](const std::map<Json, size_t>& in, const Json& element) {
    const auto found = in.find(element_identity(element, shape));
    return found == in.end() ? in.size() + order.size() + before.size() : found->second;
  };
  std::vector<Json> named;
  std::vector<Json> others;
  for (Json& element : list) {
    const bool is_named = wanted.contains(element_identity(element, shape));
    (is_named ? named : others).push_back(std::move(element));
  }
  std::stable_sort(named.begin(), named.end(), [&](const Json& a, const Json& b) {
    return place(wanted, a) < place(wanted, b);
  });
  std::stable_sort(others.begin(), others.end(), [&](const Json& a, const Json& b) {
    return place(server, a) < place(server, b);
  });
  Json out = Json::array();
  auto left = others.begin();
  auto right = named.begin();
  while (left != others.end() || right != named.end()) {
    const bool both = left != others.end() && right != named.end();
    const bool known = both && server.contains(element_identity(*left, shape)) &&
                       server.contains(element_identity(*right, shape));
    const bool take_left =
        both ? known && place(server, *left) < place(server, *right) : right == named.end();
    out.push_back(std::move(take_left ? *left++ : *right++));
  }
  list = std::move(out);
}

void retain_keys(Json& target, const Json& patch) {
  const auto found = patch.find(kRetainKeys);
  if (found == patch.end()) return;
  if (!found->is_array()) refuse("$retainKeys must be a list of strings");
  const auto retained = [&](const std::string& key) {
    return std::find(found->begin(), found->end(), Json(key)) != found->end();
  };
  for (const auto& [key, value] : patch.items()) {
    if (!is_directive(key) && !value.is_null() && !retained(key)) {
      refuse("$retainKeys must name every field of the patch, it lacks " + key);
    }
  }
  for (auto member = target.begin(); member != target.end();) {
    member = retained(member.key()) ? std::next(member) : target.erase(member);
  }
}

/// $deleteFromPrimitiveList/<field>: these values leave the list.
void delete_primitives(Json& target, const Json& patch) {
  for (const auto& [key, values] : patch.items()) {
    if (!key.starts_with(kDeletePrefix)) continue;
    const auto list = target.find(key.substr(kDeletePrefix.size()));
    if (!values.is_array()) refuse(key + " must be a list");
    if (list == target.end() || !list->is_array()) continue;
    const std::map<Json, size_t> gone = positions(values, {ListShape::Kind::Set});
    std::vector<bool> marked;
    for (const Json& element : *list)
      marked.push_back(gone.contains(element));
    drop_marked(*list, marked);
  }
}

void order_lists(Json& target, const Json& before, const Json& patch, const Place& place) {
  for (const auto& [key, order] : patch.items()) {
    if (!key.starts_with(kOrderPrefix)) continue;
    const std::string field = key.substr(kOrderPrefix.size());
    const auto list = target.find(field);
    if (!order.is_array()) refuse(key + " must be a list");
    ListShape shape = shape_of(child_schema(place, field), field);
    if (list == target.end() || !list->is_array() || shape.kind == ListShape::Kind::Replace)
      continue;
    const auto old = before.find(field);
    set_order(*list, order, old != before.end() && old->is_array() ? *old : Json::array(), shape);
  }
}

Json merge_member(Json* current, const Json& change, const Place& place, const std::string& key) {
  const bool same_kind = current != nullptr && current->type() == change.type();
  if (change.is_object()) {
    return same_kind ? merge_object(std::move(*current), change, place) : as_new(change, place);
  }
  if (!change.is_array()) return change;
  Json base = same_kind ? std::move(*current) : Json::array();
  return merge_list(std::move(base), change, shape_of(place.schema, key), place);
}

Json merge_object(Json target, const Json& patch, const Place& place) {
  const std::string directive = directive_of(patch);
  if (directive == "delete") return Json::object();
  if (directive == "replace") target = Json::object();
  const bool has_order = std::any_of(patch.items().begin(), patch.items().end(), [](const auto& m) {
    return m.key().starts_with(kOrderPrefix);
  });
  const Json before = has_order ? target : Json::object();
  retain_keys(target, patch);
  delete_primitives(target, patch);
  for (const auto& [key, change] : patch.items()) {
    if (is_directive(key)) continue;
    if (change.is_null()) {
      target.erase(key);
      continue;
    }
    const auto current = target.find(key);
    const Place below{child_schema(place, key), place.depth + 1};
    target[key] = merge_member(current == target.end() ? nullptr : &*current, change, below, key);
  }
  order_lists(target, before, patch, place);
  return target;
}

}  // namespace

Result<Json> apply_strategic_merge_patch(const Json& target, const Json& patch,
                                         const Schema& schema) {
  if (!patch.is_object()) {
    return Error{Code::BadRequest, "error decoding patch: a merge patch must be a JSON object"};
  }
  try {
    return merge_object(target.is_object() ? target : Json::object(), patch, Place{&schema, 0});
  } catch (const Refusal& refusal) {
    return Error{Code::BadRequest, refusal.what};
  }
}

}  // namespace charter
