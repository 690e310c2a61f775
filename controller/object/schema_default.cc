#include "controller/object/schema_node.h"

#include <nlohmann/json.hpp>

// Pruning and defaulting, after apiextensions' structural schema package.
namespace charter {
namespace {

void prune_object(const Schema::Node& node, Json& value, const Trail& at,
                  std::vector<std::string>* unknown) {
  const bool keep = node.preserve || node.open;
  for (auto it = value.begin(); it != value.end();) {
    const Trail place = at.member(it.key());
    if (const Schema* property = find_property(node, it.key())) {
      prune_node(property->node(), it.value(), place, unknown);
    } else if (node.additional) {
      prune_node(node.additional->node(), it.value(), place, unknown);
    } else if (!keep) {
      if (unknown != nullptr) unknown->push_back(place.text());
      it = value.erase(it);
      continue;
    }
    ++it;
  }
}

bool is_stray_null(const Json& value, const Schema& schema) {
  return value.is_null() && !schema.node().nullable;
}

void fill(const Schema::Node& node, Json& value);

void fill_object(const Schema::Node& node, Json& value) {
  for (const SchemaProperty& property : node.properties) {
    const Json* wanted = property.schema.default_value();
    if (wanted == nullptr) continue;
    const auto found = value.find(property.name);
    if (found == value.end())
      value.emplace(property.name, *wanted);
    else if (is_stray_null(*found, property.schema))
      *found = *wanted;
  }
  for (auto it = value.begin(); it != value.end();) {
    const Schema* schema = find_property(node, it.key());
    if (schema == nullptr) schema = node.additional.get();
    if (schema == nullptr) {
      ++it;
    } else if (is_stray_null(it.value(), *schema)) {
      // A null where none is allowed counts as absent, so that clients that send empty fields are
      // understood.
      if (schema->default_value() == nullptr) {
        it = value.erase(it);
        continue;
      }
      it.value() = *schema->default_value();
      ++it;
    } else {
      fill(schema->node(), it.value());
      ++it;
    }
  }
}

void fill(const Schema::Node& node, Json& value) {
  if (value.is_object()) return fill_object(node, value);
  if (!value.is_array() || !node.items) return;
  for (Json& element : value) {
    if (is_stray_null(element, *node.items) && node.items->default_value() != nullptr)
      element = *node.items->default_value();
    else
      fill(node.items->node(), element);
  }
}

}  // namespace

void prune_node(const Schema::Node& node, Json& value, const Trail& at,
                std::vector<std::string>* unknown) {
  if (value.is_object()) return prune_object(node, value, at, unknown);
  if (!value.is_array() || !node.items) return;
  size_t index = 0;
  for (Json& element : value)
    prune_node(node.items->node(), element, at.element(index++), unknown);
}

void Schema::apply_defaults(Json& object) const {
  fill(*node_, object);
}

}  // namespace charter
