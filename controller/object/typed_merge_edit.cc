#include "controller/object/schema_node.h"
#include "controller/object/typed_merge.h"
#include "controller/object/typed_shape.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>
#include <unordered_map>

// Laying one document over another, removing fields from one, and the checks before either.
namespace charter {
namespace {

using Entries = std::vector<FieldEntry>;

// --- merge
// ------------------------------------------------------------------------------------------------------------

void merge(Shape shape, Json& base, const Json& over);

/// The elements of a granular list by their keys, in order.
struct KeyedList {
  std::vector<std::string> keys;
  std::unordered_map<std::string, const Json*> by_key;

  KeyedList(Shape shape, const Json& list) {
    for (const Json& element : list) {
      keys.push_back(shape.element_key(element, nullptr));
      by_key.emplace(keys.back(), &element);
    }
  }
  bool has(const std::string& key) const { return by_key.contains(key); }
};

/// Merges two granular lists: elements of both follow the order of `over`, and what only `base` has
/// keeps its place before the element that followed it.
class ListMerge {
 public:
  ListMerge(Shape shape, const Json& base, const Json& over)
      : shape_(shape), base_list_(base), base_(shape, base), over_(shape, over) {
    for (const std::string& key : over_.keys)
      if (base_.has(key)) shared_.push_back(&key);
  }

  Json run() {
    while (b_ < base_.keys.size() || o_ < over_.keys.size())
      step();
    return std::move(out_);
  }

 private:
  void step() {
    if (b_ < base_.keys.size()) {
      const std::string& key = base_.keys[b_];
      if (!over_.has(key)) {
        out_.push_back(base_list_[b_++]);
        return;
      }
      if (merged_.contains(key)) {
        ++b_;
        return;
      }
      const bool is_here = o_ < over_.keys.size() && over_.keys[o_] == key;
      const bool is_other = next_shared_ < shared_.size() && *shared_[next_shared_] != key;
      if (is_here) {
        ++b_;
      } else if (o_ < over_.keys.size() && is_other) {
        ++b_;  // another shared element comes first in `over`; this one is taken with its own turn
               // there
        return;
      }
    }
    if (o_ < over_.keys.size()) take_over();
  }

  void take_over() {
    const std::string& key = over_.keys[o_++];
    merged_.insert(key);
    const auto base = base_.by_key.find(key);
    Json element = base == base_.by_key.end() ? *over_.by_key.at(key) : *base->second;
    if (base != base_.by_key.end()) merge(shape_.element(), element, *over_.by_key.at(key));
    out_.push_back(std::move(element));
    if (next_shared_ < shared_.size() && *shared_[next_shared_] == key) ++next_shared_;
  }

  Shape shape_;
  const Json& base_list_;
  KeyedList base_, over_;
  std::vector<const std::string*> shared_;
  std::set<std::string> merged_;
  size_t b_ = 0, o_ = 0, next_shared_ = 0;
  Json out_ = Json::array();
};

void merge_maps(Shape shape, Json& base, const Json& over) {
  for (const auto& [name, value] : over.items()) {
    const auto at = base.find(name);
    if (at == base.end())
      base.emplace(name, value);
    else
      merge(shape.member(name), *at, value);
  }
}

void merge(Shape shape, Json& base, const Json& over) {
  const Atom atom = shape.atom_of(over);
  if (atom == Atom::GranularMap && base.is_object() && over.is_object() && !over.empty())
    merge_maps(shape, base, over);
  else if (atom == Atom::GranularMap && base.is_object() && !base.empty())
    return;  // an empty map says nothing about members
  else if (atom == Atom::GranularList && base.is_array() && !base.empty())
    base = over.is_array() ? ListMerge(shape, base, over).run() : base;
  else
    base = over;
}

// --- remove
// -----------------------------------------------------------------------------------------------------------

const FieldEntry* find_entry(const Entries& entries, const std::string& element) {
  const auto at = std::lower_bound(
      entries.begin(), entries.end(), element,
      [](const FieldEntry& entry, const std::string& wanted) { return entry.element < wanted; });
  return at != entries.end() && at->element == element ? &*at : nullptr;
}

void remove(Shape shape, Json& value, const Entries& entries) {
  const Atom atom = shape.atom_of(value);
  if (atom == Atom::GranularMap && value.is_object()) {
    for (const FieldEntry& entry : entries) {
      if (entry.element[0] != 'f') continue;
      const std::string name = entry.element.substr(2);
      const auto at = value.find(name);
      if (at == value.end()) continue;
      if (entry.member)
        value.erase(at);
      else
        remove(shape.member(name), *at, entry.children);
    }
    return;
  }
  if (atom != Atom::GranularList || !value.is_array()) return;
  Json kept = Json::array();
  for (Json& element : value) {
    const FieldEntry* entry = find_entry(entries, shape.element_key(element, nullptr));
    if (entry != nullptr && entry->member) continue;
    if (entry != nullptr) remove(shape.element(), element, entry->children);
    kept.push_back(std::move(element));
  }
  value = std::move(kept);
}

// --- checks
// -----------------------------------------------------------------------------------------------------------

// The Go type that a JSON value has in an unstructured object.
const char* go_type(const Json& value) {
  switch (value.type()) {
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "bool";
    case Json::value_t::number_float:
      return "float64";
    case Json::value_t::object:
      return "map[string]interface {}";
    case Json::value_t::array:
      return "[]interface {}";
    default:
      return "int64";
  }
}

/// The place of a value, kept on the stack; its text is made only for findings.
struct Step {
  const Step* up = nullptr;
  std::string_view name;             ///< a member
  const std::string* key = nullptr;  ///< an element of a granular list
  size_t index = 0;                  ///< an element of an atomic one

  std::string text() const {
    if (up == nullptr) return {};
    const std::string element = !name.empty()    ? "f:" + std::string(name)
                                : key != nullptr ? *key
                                                 : "i:" + std::to_string(index);
    return up->text() + readable_element(element);
  }
};

/// Looks for what keeps a document from being merged under its schema.
class TypedCheck {
 public:
  std::vector<std::string> problems;

  void check(Shape shape, const Json& value, const Step& at) {
    if (value.is_null()) return;
    if (shape.schema != nullptr && !check_type(*shape.schema, value, at)) return;
    if (value.is_object()) {
      check_map(shape, value, at);
    } else if (value.is_array() && shape.schema != nullptr) {
      check_list(shape, value, at);
    }
  }

 private:
  void report(const Step& at, const std::string& text) {
    const std::string path = at.text();
    problems.push_back(path.empty() ? text : path + ": " + text);
  }

  bool check_type(const Schema& schema, const Json& value, const Step& at) {
    const SchemaType type = schema.node().type;
    const char* wanted = nullptr;
    if (type == SchemaType::Object && !value.is_object())
      wanted = "map";
    else if (type == SchemaType::Array && !value.is_array())
      wanted = "list";
    else if ((type == SchemaType::Integer || type == SchemaType::Number) && !value.is_number())
      wanted = "numeric (int or float)";
    else if (type == SchemaType::String && !value.is_string())
      wanted = "string";
    else if (type == SchemaType::Boolean && !value.is_boolean())
      wanted = "boolean";
    else if (schema.node().int_or_string && value.is_structured())
      wanted = "any scalar";
    if (wanted == nullptr) return true;
    report(at, std::string("expected ") + wanted + ", got " + go_type(value));
    return false;
  }

  void check_map(Shape shape, const Json& map, const Step& at) {
    for (const auto& [name, member] : map.get_ref<const Json::object_t&>()) {
      const Step place{&at, name};
      if (!shape.allows(name)) {
        // As kube does: the first undeclared member of a map ends the look at that map.
        report(place, "field not declared in schema");
        return;
      }
      check(shape.member(name), member, place);
    }
  }

  void check_list(Shape shape, const Json& list, const Step& at) {
    const bool keyed = shape.schema->list_type() != ListType::Atomic;
    std::set<std::string> seen;
    for (size_t index = 0; index < list.size(); ++index) {
      Step place{&at, {}, nullptr, index};
      if (keyed) {
        std::string problem;
        const auto [key, is_new] = seen.insert(shape.element_key(list[index], &problem));
        if (key->empty()) {
          report(at, "element " + std::to_string(index) + ": " + problem);
          return;
        }
        if (!is_new) report(at, "duplicate entries for key " + readable_element(*key));
        place.key = &*key;
      }
      check(shape.element(), list[index], place);
    }
  }
};

// --- sets under a schema
// ----------------------------------------------------------------------------------------------

// The shape below a path element.
Shape below(Shape shape, const std::string& element) {
  return element[0] == 'f' ? shape.member(std::string_view(element).substr(2)) : shape.element();
}

void name_parents(Shape shape, Entries& entries) {
  for (FieldEntry& entry : entries) {
    const bool named =
        entry.element[0] == 'f' && shape.declares(std::string_view(entry.element).substr(2));
    if (named && !entry.children.empty()) entry.member = true;
    name_parents(below(shape, entry.element), entry.children);
  }
}

bool is_one_value(Shape shape) {
  if (shape.schema == nullptr) return false;
  const SchemaType type = shape.schema->node().type;
  return (type == SchemaType::Array && shape.schema->list_type() == ListType::Atomic) ||
         (type == SchemaType::Object && shape.schema->map_is_atomic());
}

void reconcile(Shape shape, Entries& entries) {
  for (FieldEntry& entry : entries) {
    if (entry.children.empty()) continue;
    const Shape inner = below(shape, entry.element);
    if (is_one_value(inner)) {
      entry.children.clear();
      entry.member = true;
    } else {
      reconcile(inner, entry.children);
    }
  }
}

}  // namespace

std::string typed_problems(const Schema& schema, const Json& applied) {
  TypedCheck checker;
  checker.check(Shape{&schema}, applied, Step{});
  if (checker.problems.empty()) return {};
  if (checker.problems.size() == 1) return checker.problems.front();
  std::string out = "errors:";
  for (const std::string& problem : checker.problems)
    out.append("\n  ").append(problem);
  return out;
}

void merge_documents(const Schema& schema, Json& base, const Json& over) {
  merge(Shape{&schema}, base, over);
}

void remove_fields(const Schema& schema, Json& document, const FieldSet& set) {
  remove(Shape{&schema}, document, set.entries);
}

FieldSet with_named_parents(const Schema& schema, const FieldSet& set) {
  FieldSet out = set;
  name_parents(Shape{&schema}, out.entries);
  // metadata is the server's: who applied a label did not apply the name beside it.
  for (FieldEntry& entry : out.entries)
    if (entry.element == "f:metadata") entry.member = false;
  return out;
}

FieldSet reconcile_with_schema(const Schema& schema, FieldSet set) {
  reconcile(Shape{&schema}, set.entries);
  return set;
}

}  // namespace charter
