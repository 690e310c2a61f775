#include "controller/object/schema_structural.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace charter {
namespace {

using Node = Schema::Node;

/// Where a node stands; decides how a missing type is worded.
enum class Role { Root, Field, Item };

// Keywords of JSON schema that Kubernetes leaves out of its dialect.
constexpr std::array<std::pair<const char*, const char*>, 6> kUnsupported{{
    {"$ref", "$ref is not supported"},
    {"additionalItems", "additionalItems is not supported"},
    {"definitions", "definitions is not supported"},
    {"dependencies", "dependencies is not supported"},
    {"id", "id is not supported"},
    {"patternProperties", "patternProperties is not supported"},
}};

// Keywords that describe shape, which a branch of allOf, anyOf, oneOf or not may not do.
constexpr std::array<std::pair<const char*, const char*>, 9> kShapeOnly{{
    {"additionalProperties", "must be undefined to be structural"},
    {"default", "must be undefined to be structural"},
    {"description", "must be empty to be structural"},
    {"nullable", "must be false to be structural"},
    {"title", "must be empty to be structural"},
    {"type", "must be empty to be structural"},
    {"x-kubernetes-embedded-resource", "must be false to be structural"},
    {"x-kubernetes-int-or-string", "must be false to be structural"},
    {"x-kubernetes-preserve-unknown-fields", "must be false to be structural"},
}};

bool is_set(const Json& source, const char* key) {
  const auto it = source.find(key);
  return it != source.end() && !it->is_null() && *it != false && *it != "";
}

/// Collects findings about one schema.
class StructureCheck {
 public:
  explicit StructureCheck(std::vector<Cause>& causes) : causes_(causes) {}

  void shape(const Node& node, const std::string& path, Role role) {
    keywords(*node.source, path);
    type(node, path, role);
    if (node.type == SchemaType::Array && !node.items)
      causes_.push_back(required_cause(path + ".items", "must be specified"));
    if (node.embedded && node.type != SchemaType::Object)
      causes_.push_back(invalid_cause(path + ".type", text_at(*node.source, {"type"}),
                                      "must be object if x-kubernetes-embedded-resource is true"));
    if (node.resource) envelope(node, path, role);
    list(node, path);
    for (const SchemaProperty& property : node.properties)
      shape(property.schema.node(), path + ".properties[" + std::string(property.name) + "]",
            Role::Field);
    if (node.additional)
      shape(node.additional->node(), path + ".additionalProperties", Role::Field);
    if (node.items) shape(node.items->node(), path + ".items", Role::Item);
    logic(node, node, path, path);
  }

 private:
  void keywords(const Json& source, const std::string& path) {
    for (const auto& [key, text] : kUnsupported)
      if (is_set(source, key)) causes_.push_back(forbidden_cause(path + "." + key, text));
    if (is_set(source, "uniqueItems"))
      causes_.push_back(forbidden_cause(
          path + ".uniqueItems",
          "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"));
  }

  void type(const Node& node, const std::string& path, Role role) {
    if (role == Role::Root && node.type != SchemaType::Object && node.type != SchemaType::Any) {
      causes_.push_back(invalid_cause(path + ".type", text_at(*node.source, {"type"}),
                                      "must be object at the root"));
      return;
    }
    if (node.int_or_string && node.type != SchemaType::Any) {
      causes_.push_back(invalid_cause(path + ".type", text_at(*node.source, {"type"}),
                                      "must be empty if x-kubernetes-int-or-string is true"));
      return;
    }
    if (node.type != SchemaType::Any || node.int_or_string) return;
    if (role != Role::Root && node.preserve) return;
    causes_.push_back(required_cause(
        path + ".type", role == Role::Root    ? "must not be empty at the root"
                        : role == Role::Field ? "must not be empty for specified object fields"
                                              : "must not be empty for specified array items"));
  }

  // apiVersion, kind and metadata are the server's; a kind may only narrow names.
  void envelope(const Node& node, const std::string& path, Role role) {
    for (const SchemaProperty& property : node.properties) {
      const std::string place = path + ".properties[" + std::string(property.name) + "]";
      const Node& child = property.schema.node();
      const bool is_metadata = property.name == "metadata";
      if (!is_metadata && property.name != "apiVersion" && property.name != "kind") continue;
      const SchemaType wanted = is_metadata ? SchemaType::Object : SchemaType::String;
      if (child.type != wanted && child.type != SchemaType::Any)
        causes_.push_back(invalid_cause(place + ".type", text_at(*child.source, {"type"}),
                                        is_metadata ? "must be object" : "must be string"));
      if (is_metadata && role == Role::Root) metadata(child, place);
    }
  }

  void metadata(const Node& node, const std::string& path) {
    for (const SchemaProperty& property : node.properties)
      if (property.name != "name" && property.name != "generateName")
        causes_.push_back(forbidden_cause(path,
                                          "must not specify anything other than name and "
                                          "generateName, but metadata is implicitly specified"));
  }

  void list(const Node& node, const std::string& path) {
    const std::string place = path + ".x-kubernetes-list-map-keys";
    if (node.list_type != ListType::Map) {
      if (!node.list_keys.empty())
        causes_.push_back(
            forbidden_cause(place, "must be empty if x-kubernetes-list-type is not map"));
      if (node.list_type == ListType::Set && node.items) set_items(node, path);
      return;
    }
    if (node.type != SchemaType::Array)
      causes_.push_back(invalid_cause(path + ".type", text_at(*node.source, {"type"}),
                                      "must be array if x-kubernetes-list-type is specified"));
    if (node.list_keys.empty())
      causes_.push_back(
          required_cause(place, "must not be empty if x-kubernetes-list-type is map"));
    if (node.items) list_keys(node, path);
  }

  void set_items(const Node& node, const std::string& path) {
    const Node& items = node.items->node();
    if (items.nullable)
      causes_.push_back(forbidden_cause(path + ".items.nullable",
                                        "cannot be nullable when x-kubernetes-list-type is set"));
    const bool granular = (items.type == SchemaType::Object && !items.map_atomic) ||
                          (items.type == SchemaType::Array && items.list_type != ListType::Atomic);
    if (granular)
      causes_.push_back(
          invalid_cause(path + ".items", text_at(*items.source, {"type"}),
                        "must be atomic as item of a list with x-kubernetes-list-type=set"));
  }

  void list_keys(const Node& node, const std::string& path) {
    const Node& items = node.items->node();
    const std::string place = path + ".x-kubernetes-list-map-keys";
    if (items.type != SchemaType::Object)
      causes_.push_back(
          invalid_cause(path + ".items.type", text_at(*items.source, {"type"}),
                        "must be object if parent array's x-kubernetes-list-type is map"));
    for (const std::string& key : node.list_keys) {
      const Schema* property = node.items->property(key);
      if (property == nullptr) {
        causes_.push_back(
            invalid_cause(place, node.list_keys, "entries must all be names of item properties"));
        continue;
      }
      const Node& child = property->node();
      if (child.type == SchemaType::Object || child.type == SchemaType::Array)
        causes_.push_back(invalid_cause(path + ".items.properties[" + key + "].type",
                                        text_at(*child.source, {"type"}),
                                        "must be a scalar type if parent array's "
                                        "x-kubernetes-list-type is map"));
      const bool required =
          std::find(items.required.begin(), items.required.end(), key) != items.required.end();
      if (!required && child.default_value == nullptr)
        causes_.push_back(required_cause(path + ".items.properties[" + key + "].default",
                                         "this property is in x-kubernetes-list-map-keys, so it "
                                         "must have a default or be a required property"));
    }
  }

  // `shape` is the node outside of all logic that the branches of `node` narrow.
  void logic(const Node& node, const Node& outer, const std::string& path,
             const std::string& outer_path) {
    if (!node.logic) return;
    branches(node.logic->all_of, outer, path + ".allOf", outer_path);
    branches(node.logic->any_of, outer, path + ".anyOf", outer_path);
    branches(node.logic->one_of, outer, path + ".oneOf", outer_path);
    if (node.logic->none_of) branch(node.logic->none_of->node(), outer, path + ".not", outer_path);
  }

  void branches(const std::vector<Schema>& all, const Node& outer, const std::string& path,
                const std::string& outer_path) {
    // {anyOf: [{type: integer}, {type: string}]} is how tools spell int-or-string; it adds no
    // shape.
    if (outer.int_or_string && all.size() == 2 && all[0].node().type == SchemaType::Integer &&
        all[1].node().type == SchemaType::String)
      return;
    for (size_t i = 0; i < all.size(); ++i)
      branch(all[i].node(), outer, path + "[" + std::to_string(i) + "]", outer_path);
  }

  void branch(const Node& node, const Node& outer, const std::string& path,
              const std::string& outer_path) {
    keywords(*node.source, path);
    for (const auto& [key, text] : kShapeOnly)
      if (is_set(*node.source, key)) causes_.push_back(forbidden_cause(path + "." + key, text));
    for (const SchemaProperty& property : node.properties) {
      const std::string member = ".properties[" + std::string(property.name) + "]";
      const Schema* shape = find_property(outer, property.name);
      if (shape == nullptr && outer.additional) shape = outer.additional.get();
      if (shape == nullptr) {
        causes_.push_back(
            required_cause(outer_path + member, "because it is defined in " + path + member));
        continue;
      }
      branch(property.schema.node(), shape->node(), path + member, outer_path + member);
    }
    if (node.items && outer.items)
      branch(node.items->node(), outer.items->node(), path + ".items", outer_path + ".items");
    else if (node.items)
      causes_.push_back(
          required_cause(outer_path + ".items", "because it is defined in " + path + ".items"));
    logic(node, outer, path, outer_path);
  }

  std::vector<Cause>& causes_;
};

}  // namespace

void check_structure(const Schema::Node& node, const std::string& path,
                     std::vector<Cause>& causes) {
  StructureCheck(causes).shape(node, path, Role::Root);
}

}  // namespace charter
