#include "controller/object/schema.h"

#include "controller/object/metadata_schema.h"
#include "controller/object/schema_node.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {

Schema::Schema(std::unique_ptr<Node> node) : node_(std::move(node)) {}
Schema::Schema(Schema&& other) noexcept = default;
Schema::~Schema() = default;

std::string Trail::text() const {
  std::string out = parent == nullptr ? std::string() : parent->text();
  if (is_index) return out.append("[").append(std::to_string(index)).append("]");
  if (!out.empty() && !name.empty()) out += '.';
  return out.append(name);
}

const Schema* find_property(const Schema::Node& node, std::string_view name) {
  // A kind may declare metadata, but only to narrow names; its shape is ObjectMeta all the same.
  if (node.resource && name == "metadata") return &object_meta_schema();
  const auto at = std::lower_bound(
      node.properties.begin(), node.properties.end(), name,
      [](const SchemaProperty& property, std::string_view key) { return property.name < key; });
  if (at != node.properties.end() && at->name == name) return &at->schema;
  if (node.resource && (name == "apiVersion" || name == "kind")) return &envelope_string_schema();
  return nullptr;
}

const Schema* Schema::property(std::string_view name) const {
  return find_property(*node_, name);
}
const Schema* Schema::additional() const {
  return node_->additional.get();
}
const Schema* Schema::items() const {
  return node_->items.get();
}
ListType Schema::list_type() const {
  return node_->list_type;
}
const std::vector<std::string>& Schema::list_keys() const {
  return node_->list_keys;
}
const Json* Schema::default_value() const {
  return node_->default_value;
}
bool Schema::map_is_atomic() const {
  return node_->map_atomic;
}
bool Schema::preserves_unknown() const {
  return node_->preserve || node_->open;
}
bool Schema::is_embedded_resource() const {
  return node_->embedded;
}
bool Schema::has_rules() const {
  return node_->rules;
}
const Json& Schema::source() const {
  return *node_->source;
}

void Schema::prune(Json& object, std::vector<std::string>* unknown) const {
  prune_node(*node_, object, Trail{}, unknown);
}

void Schema::validate(const Json& object, std::vector<Cause>& causes) const {
  validate_node(*node_, object, Trail{}, causes);
  validate_list_types(*node_, object, Trail{}, causes);
}

}  // namespace charter
