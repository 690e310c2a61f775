#include "controller/object/typed_merge.h"

#include "controller/object/schema_node.h"
#include "controller/object/typed_shape.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace charter {
namespace {

using Entries = std::vector<FieldEntry>;

std::string field_element(const std::string& name) {
  return "f:" + name;
}

void sort_entries(Entries& entries) {
  std::sort(entries.begin(), entries.end(), [](const FieldEntry& left, const FieldEntry& right) {
    return left.element < right.element;
  });
}

// --- the fields of one document
// ---------------------------------------------------------------------------------------

// True when the value itself is a leaf; otherwise what it has goes to `out`.
bool collect(Shape shape, const Json& value, Entries& out);

void collect_map(Shape shape, const Json& map, Entries& out) {
  out.reserve(map.size());
  for (const auto& [name, member] : map.items()) {
    FieldEntry entry{field_element(name), false, {}};
    entry.member = collect(shape.member(name), member, entry.children) || member.is_null() ||
                   (member.is_object() && member.empty()) || !shape.declares(name);
    if (entry.member || !entry.children.empty()) out.push_back(std::move(entry));
  }
}

void collect_list(Shape shape, const Json& list, Entries& out) {
  std::map<std::string, size_t> seen;
  for (const Json& element : list) {
    std::string key = shape.element_key(element, nullptr);
    if (key.empty()) continue;
    const auto [at, is_new] = seen.emplace(key, out.size());
    if (!is_new) {
      // Elements that share a key cannot be told apart: they are owned as one, without what is
      // below.
      out[at->second].children.clear();
      continue;
    }
    FieldEntry entry{std::move(key), true, {}};
    collect(shape.element(), element, entry.children);
    out.push_back(std::move(entry));
  }
  sort_entries(out);
}

bool collect(Shape shape, const Json& value, Entries& out) {
  const Atom atom = shape.atom_of(value);
  if (value.is_null()) return atom == Atom::Scalar;
  if (atom == Atom::GranularMap)
    collect_map(shape, value, out);
  else if (atom == Atom::GranularList)
    collect_list(shape, value, out);
  else
    return true;
  return false;
}

// --- the difference of two documents
// ----------------------------------------------------------------------------------

/// What a comparison found at one node and below it.
struct Found {
  bool added_here = false, modified_here = false, removed_here = false;
  Entries added, modified, removed;
};

Found compare(Shape shape, const Json* before, const Json* after);

void append(Entries& to, const std::string& element, bool here, Entries&& below) {
  if (here || !below.empty()) to.push_back(FieldEntry{element, here, std::move(below)});
}

void append(Found& to, const std::string& element, Found&& child) {
  append(to.added, element, child.added_here, std::move(child.added));
  append(to.modified, element, child.modified_here, std::move(child.modified));
  append(to.removed, element, child.removed_here, std::move(child.removed));
}

// Walks two sorted maps side by side. `before` and `after` are objects, or null for an absent one.
template <class Visit>
void for_each_member(const Json* before, const Json* after, Visit visit) {
  static const Json::object_t kNone;
  const auto& left = before != nullptr ? before->get_ref<const Json::object_t&>() : kNone;
  const auto& right = after != nullptr ? after->get_ref<const Json::object_t&>() : kNone;
  auto l = left.begin();
  auto r = right.begin();
  while (l != left.end() || r != right.end()) {
    const int order = l == left.end() ? 1 : r == right.end() ? -1 : l->first.compare(r->first);
    const std::string& name = order <= 0 ? l->first : r->first;
    visit(name, order <= 0 ? &l->second : nullptr, order >= 0 ? &r->second : nullptr);
    if (order <= 0) ++l;
    if (order >= 0) ++r;
  }
}

void compare_maps(Shape shape, const Json* before, const Json* after, Found& found) {
  for_each_member(before, after, [&](const std::string& name, const Json* left, const Json* right) {
    // Equal subtrees are by far the most frequent case and need no path.
    if (left != nullptr && right != nullptr && *left == *right) return;
    append(found, field_element(name), compare(shape.member(name), left, right));
  });
}

/// The elements of a list on both sides that share one key.
struct Twins {
  std::vector<const Json*> before, after;
};

Found compare_twins(Shape shape, const Twins& twins) {
  const auto first = [](const std::vector<const Json*>& all) {
    return all.empty() ? nullptr : all.front();
  };
  const bool many_before = twins.before.size() > 1, many_after = twins.after.size() > 1;
  if (!many_before && !many_after) return compare(shape, first(twins.before), first(twins.after));
  Found found;
  if (many_before && many_after) {
    const auto same = [](const Json* left, const Json* right) { return *left == *right; };
    found.modified_here = !std::equal(twins.before.begin(), twins.before.end(), twins.after.begin(),
                                      twins.after.end(), same);
  } else if (many_before) {
    if (!twins.after.empty()) found = compare(shape, nullptr, first(twins.after));
    found.removed_here = true;
  } else {
    if (!twins.before.empty()) found = compare(shape, first(twins.before), nullptr);
    found.added_here = true;
  }
  return found;
}

void compare_lists(Shape shape, const Json* before, const Json* after, Found& found) {
  std::map<std::string, Twins> twins;
  if (before != nullptr)
    for (const Json& element : *before)
      twins[shape.element_key(element, nullptr)].before.push_back(&element);
  if (after != nullptr)
    for (const Json& element : *after)
      twins[shape.element_key(element, nullptr)].after.push_back(&element);
  twins.erase("");
  for (const auto& [key, sides] : twins)
    append(found, key, compare_twins(shape.element(), sides));
}

// One reading of a pair of values; true when the pair is a leaf in it.
bool compare_as(Atom atom, Shape shape, const Json* before, const Json* after, Found& found) {
  const auto typed = [](const Json* value, Json::value_t type) {
    return value != nullptr && value->type() == type && !value->empty() ? value : nullptr;
  };
  if (atom == Atom::GranularMap || atom == Atom::GranularList) {
    const bool is_map = atom == Atom::GranularMap;
    const Json::value_t type = is_map ? Json::value_t::object : Json::value_t::array;
    const Json* left = typed(before, type);
    const Json* right = typed(after, type);
    if (left != nullptr || right != nullptr) {
      if (is_map)
        compare_maps(shape, left, right, found);
      else
        compare_lists(shape, left, right, found);
      return false;
    }
  }
  if (before != nullptr && after != nullptr && *before != *after) found.modified_here = true;
  return true;
}

Found compare(Shape shape, const Json* before, const Json* after) {
  Found found;
  if (after == nullptr || before == nullptr) {
    const Json* only = after != nullptr ? after : before;
    compare_as(shape.atom_of(*only), shape, before, after, found);
    (before == nullptr ? found.added_here : found.removed_here) = true;
    return found;
  }
  const Atom left = shape.atom_of(*before), right = shape.atom_of(*after);
  if (left != right) compare_as(left, shape, before, after, found);
  compare_as(right, shape, before, after, found);
  return found;
}

// --- what nobody owns
// -------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 11> kServerOwned{"clusterName",
                                                        "creationTimestamp",
                                                        "deletionGracePeriodSeconds",
                                                        "deletionTimestamp",
                                                        "generation",
                                                        "managedFields",
                                                        "name",
                                                        "namespace",
                                                        "resourceVersion",
                                                        "selfLink",
                                                        "uid"};

bool is_server_owned(std::string_view name) {
  return std::binary_search(kServerOwned.begin(), kServerOwned.end(), name);
}

bool is_ownable(std::string_view name, OwnedPart part) {
  if (part == OwnedPart::StatusOnly) return name == "status";
  return name != "apiVersion" && name != "kind";
}

}  // namespace

FieldSet field_set_of(const Schema& schema, const Json& document, OwnedPart part) {
  FieldSet set;
  collect_map(Shape{&schema}, document, set.entries);
  std::erase_if(set.entries, [part](const FieldEntry& entry) {
    return !is_ownable(std::string_view(entry.element).substr(2), part);
  });
  for (FieldEntry& entry : set.entries) {
    if (entry.element != "f:metadata") continue;
    entry.member = false;
    std::erase_if(entry.children, [](const FieldEntry& child) {
      return is_server_owned(std::string_view(child.element).substr(2));
    });
  }
  std::erase_if(set.entries,
                [](const FieldEntry& entry) { return !entry.member && entry.children.empty(); });
  return set;
}

FieldDiff compare_documents(const Schema& schema, const Json* before, const Json& after,
                            OwnedPart part) {
  const Shape root{&schema};
  Found found;
  for_each_member(
      before, &after, [&](const std::string& name, const Json* left, const Json* right) {
        if (!is_ownable(name, part)) return;
        if (left != nullptr && right != nullptr && *left == *right) return;
        if (name != "metadata") {
          append(found, field_element(name), compare(root.member(name), left, right));
          return;
        }
        Found metadata;
        const auto object = [](const Json* value) {
          return value != nullptr && value->is_object() ? value : nullptr;
        };
        for_each_member(object(left), object(right),
                        [&](const std::string& key, const Json* old_value, const Json* new_value) {
                          if (is_server_owned(key)) return;
                          append(metadata, field_element(key),
                                 compare(root.member(name).member(key), old_value, new_value));
                        });
        append(found, field_element(name), std::move(metadata));
      });
  return FieldDiff{FieldSet{std::move(found.added)}, FieldSet{std::move(found.modified)},
                   FieldSet{std::move(found.removed)}};
}

}  // namespace charter
