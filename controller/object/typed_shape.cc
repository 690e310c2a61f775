#include "controller/object/typed_shape.h"

#include "controller/object/schema_node.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

std::string refuse(std::string* problem, std::string text) {
  if (problem != nullptr) *problem = std::move(text);
  return {};
}

std::string key_problem(const std::vector<std::string>& keys) {
  std::string names;
  for (const std::string& key : keys)
    names.append(names.empty() ? "\"" : " \"").append(key) += '"';
  return "associative list with keys has an element that omits all key fields [" + names +
         "] (and doesn't have default values for any key fields)";
}

}  // namespace

Atom Shape::atom_of(const Json& value) const {
  const bool is_list = value.is_array();
  if (schema == nullptr) {
    if (is_list) return Atom::AtomicList;
    return value.is_object() || value.is_null() ? Atom::GranularMap : Atom::Scalar;
  }
  const SchemaType type = schema->node().type;
  if (is_list || (value.is_null() && type == SchemaType::Array))
    return schema->list_type() == ListType::Atomic ? Atom::AtomicList : Atom::GranularList;
  if (value.is_object() || (value.is_null() && type == SchemaType::Object))
    return schema->map_is_atomic() ? Atom::AtomicMap : Atom::GranularMap;
  return Atom::Scalar;
}

bool Shape::declares(std::string_view name) const {
  return schema != nullptr && schema->property(name) != nullptr;
}

bool Shape::allows(std::string_view name) const {
  if (schema == nullptr || schema->property(name) != nullptr) return true;
  const Schema::Node& node = schema->node();
  // An object without any member described is as good as untyped to a merge; pruning has the last
  // word.
  return node.additional || schema->preserves_unknown() ||
         (node.properties.empty() && !node.resource);
}

Shape Shape::member(std::string_view name) const {
  if (schema == nullptr) return {};
  const Schema* found = schema->property(name);
  return Shape{found != nullptr ? found : schema->additional()};
}

Shape Shape::element() const {
  return Shape{schema == nullptr ? nullptr : schema->items()};
}

std::string Shape::element_key(const Json& element, std::string* problem) const {
  if (schema->list_type() == ListType::Set) {
    if (element.is_object())
      return refuse(problem, "associative list without keys has an element that's a map type");
    if (element.is_array())
      return refuse(problem, "not supported: associative list with lists as elements");
    if (element.is_null())
      return refuse(problem,
                    "associative list without keys has an element that's an explicit null");
    return "v:" + element.dump();
  }
  if (!element.is_object())
    return refuse(problem, element.is_null()
                               ? "associative list with keys may not have a null element"
                               : "associative list with keys may not have non-map elements");
  const std::vector<std::string>& names = schema->list_keys();
  // One key that is there is the usual case, and worth not building a tree for.
  if (const auto only = names.size() == 1 ? element.find(names[0]) : element.end();
      only != element.end())
    return "k:{" + Json(names[0]).dump() + ":" + only->dump() + "}";
  Json key = Json::object();
  for (const std::string& name : names) {
    const auto at = element.find(name);
    const Schema* property = this->element().schema->property(name);
    if (at != element.end())
      key.emplace(name, *at);
    else if (property != nullptr && property->default_value() != nullptr)
      key.emplace(name, *property->default_value());
  }
  if (key.empty()) return refuse(problem, key_problem(names));
  return "k:" + key.dump();
}

}  // namespace charter
