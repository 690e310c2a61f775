#include "controller/base/limits.h"
#include "controller/object/causes.h"
#include "controller/object/schema_node.h"
#include "controller/object/schema_structural.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>

// Building the node tree out of JSONSchemaProps. What makes a schema structural is checked in
// schema_structural.cc.
namespace charter {
namespace {

using Node = Schema::Node;

constexpr std::array<std::pair<std::string_view, SchemaType>, 6> kTypes{{
    {"array", SchemaType::Array},
    {"boolean", SchemaType::Boolean},
    {"integer", SchemaType::Integer},
    {"number", SchemaType::Number},
    {"object", SchemaType::Object},
    {"string", SchemaType::String},
}};

// Names of patterns that are looked through for such as nobody has any more.
constexpr size_t kPatternsKept = 256;

/// The compiled form of a pattern, the same for all schemas that live and have it: a definition is
/// compiled when it is judged, stored and served, and kinds say the same patterns.
std::shared_ptr<const re2::RE2> compile_pattern(std::string_view pattern) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<const re2::RE2>, std::less<>> living;
  static size_t room = kPatternsKept;
  const std::lock_guard lock(mutex);
  const auto at = living.find(pattern);
  if (at != living.end()) {
    if (auto known = at->second.lock()) return known;
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  // Small programs: a kind has dozens of patterns, and none of them needs RE2's default of 8 MiB of
  // automaton cache.
  options.set_max_mem(512 * 1024);
  options.set_never_capture(true);
  auto made =
      std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (living.size() >= room) {
    std::erase_if(living, [](const auto& one) { return one.second.expired(); });
    room = kPatternsKept + 2 * living.size();
  }
  living.insert_or_assign(std::string(pattern), made);
  return made;
}

/// Turns one schema document into nodes; findings go to the list it was made with.
class SchemaCompiler {
 public:
  explicit SchemaCompiler(std::vector<Cause>& causes) : causes_(causes) {}

  std::unique_ptr<Node> build(const Json& source, const std::string& path, size_t depth) {
    auto node = std::make_unique<Node>();
    node->source = &source;
    if (!source.is_object()) {
      causes_.push_back(type_cause(path, source, "must be a schema object"));
      return node;
    }
    if (++nodes_ > limits::kSchemaNodesMax || depth > limits::kDocumentDepthMax) {
      // One finding is enough: every node after the limit would repeat it.
      if (!too_large_) causes_.push_back(too_many_cause(path, nodes_, limits::kSchemaNodesMax));
      too_large_ = true;
      return node;
    }
    read_type(*node, path);
    read_extensions(*node, path);
    read_limits(*node, path);
    read_values(*node, path);
    read_children(*node, path, depth);
    read_logic(*node, path, depth);
    return node;
  }

 private:
  void read_type(Node& node, const std::string& path);
  void read_extensions(Node& node, const std::string& path);
  void read_list_type(Node& node, const std::string& path);
  void read_limits(Node& node, const std::string& path);
  void read_pattern(SchemaLimits& bounds, const Json& source, const std::string& path);
  void read_values(Node& node, const std::string& path);
  void read_children(Node& node, const std::string& path, size_t depth);
  void read_properties(Node& node, const Json& members, const std::string& path, size_t depth);
  void read_additional(Node& node, const Json& value, const std::string& path, size_t depth);
  void read_logic(Node& node, const std::string& path, size_t depth);
  void read_branches(const Json& source, const char* key, std::vector<Schema>& out,
                     const std::string& path, size_t depth);

  // The member if it is there and not null; a member of another type is a finding.
  const Json* member(const Json& source, const char* key, Json::value_t type,
                     const std::string& path) {
    const auto it = source.find(key);
    if (it == source.end() || it->is_null()) return nullptr;
    const bool integral = it->is_number_integer() && type == Json::value_t::number_integer;
    const bool numeric = it->is_number() && type == Json::value_t::number_float;
    if (it->type() == type || integral || numeric) return &*it;
    causes_.push_back(type_cause(path + "." + key, *it, "has the wrong type"));
    return nullptr;
  }
  bool flag(const Json& source, const char* key, const std::string& path) {
    const Json* value = member(source, key, Json::value_t::boolean, path);
    return value != nullptr && value->get<bool>();
  }
  std::string_view text(const Json& source, const char* key, const std::string& path) {
    const Json* value = member(source, key, Json::value_t::string, path);
    return value == nullptr ? std::string_view() : value->get_ref<const std::string&>();
  }
  std::optional<double> number(const Json& source, const char* key, const std::string& path) {
    const Json* value = member(source, key, Json::value_t::number_float, path);
    return value == nullptr ? std::nullopt : std::optional<double>(value->get<double>());
  }
  int64_t count(const Json& source, const char* key, const std::string& path) {
    const Json* value = member(source, key, Json::value_t::number_integer, path);
    return value == nullptr ? -1 : value->get<int64_t>();
  }

  std::vector<Cause>& causes_;
  size_t nodes_ = 0;
  bool too_large_ = false;
};

void SchemaCompiler::read_type(Node& node, const std::string& path) {
  const std::string_view word = text(*node.source, "type", path);
  if (word.empty()) return;
  const auto at = std::find_if(kTypes.begin(), kTypes.end(),
                               [&](const auto& entry) { return entry.first == word; });
  if (at != kTypes.end()) {
    node.type = at->second;
    return;
  }
  if (word == "null") {
    causes_.push_back(forbidden_cause(
        path + ".type", "type cannot be set to null, use nullable as an alternative"));
    return;
  }
  std::vector<std::string> supported;
  for (const auto& [name, type] : kTypes)
    supported.emplace_back(name);
  causes_.push_back(unsupported_cause(path + ".type", word, supported));
}

void SchemaCompiler::read_extensions(Node& node, const std::string& path) {
  const Json& source = *node.source;
  node.nullable = flag(source, "nullable", path);
  node.preserve = flag(source, "x-kubernetes-preserve-unknown-fields", path);
  node.int_or_string = flag(source, "x-kubernetes-int-or-string", path);
  node.embedded = flag(source, "x-kubernetes-embedded-resource", path);
  node.resource = node.embedded;
  const Json* rules = member(source, "x-kubernetes-validations", Json::value_t::array, path);
  node.rules = rules != nullptr && !rules->empty();
  const std::string_view map_type = text(source, "x-kubernetes-map-type", path);
  node.map_atomic = map_type == "atomic";
  if (!map_type.empty() && map_type != "atomic" && map_type != "granular")
    causes_.push_back(
        unsupported_cause(path + ".x-kubernetes-map-type", map_type, {"atomic", "granular"}));
  read_list_type(node, path);
}

void SchemaCompiler::read_list_type(Node& node, const std::string& path) {
  const std::string_view type = text(*node.source, "x-kubernetes-list-type", path);
  if (type == "set") node.list_type = ListType::Set;
  if (type == "map") node.list_type = ListType::Map;
  if (!type.empty() && type != "atomic" && node.list_type == ListType::Atomic)
    causes_.push_back(
        unsupported_cause(path + ".x-kubernetes-list-type", type, {"atomic", "map", "set"}));
  const Json* keys = member(*node.source, "x-kubernetes-list-map-keys", Json::value_t::array, path);
  if (keys == nullptr) return;
  for (const Json& key : *keys) {
    if (key.is_string())
      node.list_keys.push_back(key.get<std::string>());
    else
      causes_.push_back(type_cause(path + ".x-kubernetes-list-map-keys", key, "must be a string"));
  }
}

void SchemaCompiler::read_limits(Node& node, const std::string& path) {
  const Json& source = *node.source;
  SchemaLimits bounds;
  bounds.minimum = number(source, "minimum", path);
  bounds.maximum = number(source, "maximum", path);
  bounds.multiple_of = number(source, "multipleOf", path);
  bounds.exclusive_minimum = flag(source, "exclusiveMinimum", path);
  bounds.exclusive_maximum = flag(source, "exclusiveMaximum", path);
  bounds.length_min = count(source, "minLength", path);
  bounds.length_max = count(source, "maxLength", path);
  bounds.items_min = count(source, "minItems", path);
  bounds.items_max = count(source, "maxItems", path);
  bounds.properties_min = count(source, "minProperties", path);
  bounds.properties_max = count(source, "maxProperties", path);
  bounds.format = text(source, "format", path);
  read_pattern(bounds, source, path);
  if (bounds.multiple_of && *bounds.multiple_of <= 0)
    causes_.push_back(
        invalid_cause(path + ".multipleOf", *bounds.multiple_of, "must be greater than 0"));
  const bool any = bounds.minimum || bounds.maximum || bounds.multiple_of || bounds.pattern ||
                   !bounds.format.empty() || bounds.length_min >= 0 || bounds.length_max >= 0 ||
                   bounds.items_min >= 0 || bounds.items_max >= 0 || bounds.properties_min >= 0 ||
                   bounds.properties_max >= 0;
  if (any) node.limits = std::make_unique<SchemaLimits>(std::move(bounds));
}

void SchemaCompiler::read_pattern(SchemaLimits& bounds, const Json& source,
                                  const std::string& path) {
  const std::string_view pattern = text(source, "pattern", path);
  if (pattern.empty()) return;
  if (pattern.size() > limits::kPatternBytesMax) {
    causes_.push_back(too_long_cause(path + ".pattern", limits::kPatternBytesMax));
    return;
  }
  auto compiled = compile_pattern(pattern);
  if (!compiled->ok()) {
    causes_.push_back(
        invalid_cause(path + ".pattern", pattern,
                      "must be a valid regular expression, but isn't: error parsing regexp: " +
                          compiled->error()));
    return;
  }
  bounds.pattern = std::move(compiled);
}

void SchemaCompiler::read_values(Node& node, const std::string& path) {
  const Json& source = *node.source;
  node.enumeration = member(source, "enum", Json::value_t::array, path);
  if (const auto it = source.find("default"); it != source.end()) node.default_value = &*it;
  const Json* required = member(source, "required", Json::value_t::array, path);
  if (required == nullptr) return;
  for (const Json& name : *required) {
    if (name.is_string())
      node.required.emplace_back(name.get_ref<const std::string&>());
    else
      causes_.push_back(type_cause(path + ".required", name, "must be a string"));
  }
}

void SchemaCompiler::read_children(Node& node, const std::string& path, size_t depth) {
  const Json& source = *node.source;
  if (const Json* members = member(source, "properties", Json::value_t::object, path))
    read_properties(node, *members, path, depth);
  if (const auto it = source.find("additionalProperties"); it != source.end())
    read_additional(node, *it, path, depth);
  const auto items = source.find("items");
  if (items == source.end() || items->is_null()) return;
  if (items->is_array()) {
    causes_.push_back(
        forbidden_cause(path + ".items", "items must be a schema object and not an array"));
    return;
  }
  node.items = std::make_unique<Schema>(build(*items, path + ".items", depth + 1));
  node.rules |= node.items->has_rules();
}

void SchemaCompiler::read_properties(Node& node, const Json& members, const std::string& path,
                                     size_t depth) {
  node.properties.reserve(members.size());
  for (const auto& [name, schema] : members.items()) {
    Schema child(build(schema, path + ".properties[" + name + "]", depth + 1));
    node.rules |= child.has_rules();
    node.properties.push_back(SchemaProperty{name, std::move(child)});
  }
}

void SchemaCompiler::read_additional(Node& node, const Json& value, const std::string& path,
                                     size_t depth) {
  const std::string place = path + ".additionalProperties";
  if (value.is_null()) return;
  if (value.is_boolean()) {
    node.open = value.get<bool>();
    if (!node.open)
      causes_.push_back(forbidden_cause(place, "additionalProperties cannot be set to false"));
    return;
  }
  if (!node.properties.empty())
    causes_.push_back(
        forbidden_cause(place, "additionalProperties and properties are mutual exclusive"));
  node.additional = std::make_unique<Schema>(build(value, place, depth + 1));
  node.rules |= node.additional->has_rules();
}

void SchemaCompiler::read_branches(const Json& source, const char* key, std::vector<Schema>& out,
                                   const std::string& path, size_t depth) {
  const Json* branches = member(source, key, Json::value_t::array, path);
  if (branches == nullptr) return;
  size_t index = 0;
  for (const Json& branch : *branches) {
    const std::string place = path + "." + key + "[" + std::to_string(index++) + "]";
    out.emplace_back(build(branch, place, depth + 1));
  }
}

void SchemaCompiler::read_logic(Node& node, const std::string& path, size_t depth) {
  const Json& source = *node.source;
  SchemaLogic logic;
  read_branches(source, "allOf", logic.all_of, path, depth);
  read_branches(source, "anyOf", logic.any_of, path, depth);
  read_branches(source, "oneOf", logic.one_of, path, depth);
  if (const Json* none = member(source, "not", Json::value_t::object, path))
    logic.none_of = std::make_unique<Schema>(build(*none, path + ".not", depth + 1));
  if (!logic.all_of.empty() || !logic.any_of.empty() || !logic.one_of.empty() || logic.none_of)
    node.logic = std::make_unique<SchemaLogic>(std::move(logic));
}

// Defaults must satisfy their own schema: an object that the server completed would be refused
// otherwise.
void check_defaults(const Node& node, const std::string& path, std::vector<Cause>& causes) {
  if (node.default_value != nullptr) {
    Json value = *node.default_value;
    const std::string place = path + ".default";
    const Trail at{nullptr, place, 0, false};
    std::vector<std::string> unknown;
    prune_node(node, value, at, &unknown);
    if (!unknown.empty())
      causes.push_back(invalid_cause(place, *node.default_value, "must not have unknown fields"));
    validate_node(node, value, at, causes);
    validate_list_types(node, value, at, causes);
  }
  for (const SchemaProperty& property : node.properties)
    check_defaults(property.schema.node(), path + ".properties[" + std::string(property.name) + "]",
                   causes);
  if (node.items) check_defaults(node.items->node(), path + ".items", causes);
  if (node.additional)
    check_defaults(node.additional->node(), path + ".additionalProperties", causes);
}

}  // namespace

std::shared_ptr<const Schema> Schema::compile(const Json& schema, const std::string& path,
                                              std::vector<Cause>& causes) {
  const size_t before = causes.size();
  auto source = std::make_shared<const Json>(schema);
  auto node = SchemaCompiler(causes).build(*source, path, 0);
  node->resource = true;
  // A schema that could not be read has no meaning that could be checked further.
  if (causes.size() == before) check_structure(*node, path, causes);
  if (causes.size() == before) check_defaults(*node, path, causes);
  if (causes.size() != before) return nullptr;
  node->owned = std::move(source);
  return std::make_shared<const Schema>(std::move(node));
}

std::shared_ptr<const Schema> compile_fragment(const Json& schema, std::vector<Cause>& causes) {
  auto source = std::make_shared<const Json>(schema);
  auto node = SchemaCompiler(causes).build(*source, "", 0);
  if (!causes.empty()) return nullptr;
  node->owned = std::move(source);
  return std::make_shared<const Schema>(std::move(node));
}

}  // namespace charter
