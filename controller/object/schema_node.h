#pragma once

#include "controller/object/schema.h"

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The compiled form of a schema, seen only by schema*.cc and metadata_schema.cc. Nodes point into
// the one JSON tree that the root owns (names, enums, defaults), so a node costs little more than
// its pointers.
namespace charter {

/// The `type` of a node; Any when the schema leaves it out (int-or-string, preserve-unknown-fields,
/// logic branches).
enum class SchemaType : uint8_t { Any, Object, Array, String, Integer, Number, Boolean };

/// Bounds on a value; most nodes have none. -1 stands for "no bound".
struct SchemaLimits {
  std::optional<double> minimum, maximum, multiple_of;
  bool exclusive_minimum = false, exclusive_maximum = false;
  int64_t length_min = -1, length_max = -1;
  int64_t items_min = -1, items_max = -1;
  int64_t properties_min = -1, properties_max = -1;
  std::shared_ptr<const re2::RE2> pattern;
  std::string format;
};

/// allOf, anyOf, oneOf and not.
struct SchemaLogic {
  std::vector<Schema> all_of, any_of, one_of;
  std::unique_ptr<Schema> none_of;
};

/// One member of `properties`.
struct SchemaProperty {
  std::string_view name;
  Schema schema;
};

/// One compiled node. Views and pointers refer to the root's `owned` tree.
struct Schema::Node {
  const Json* source = nullptr;
  std::vector<SchemaProperty> properties;  ///< sorted by name
  std::unique_ptr<Schema> additional;
  std::unique_ptr<Schema> items;
  std::vector<std::string_view> required;
  std::vector<std::string> list_keys;
  const Json* enumeration = nullptr;    ///< array, or null
  const Json* default_value = nullptr;  ///< null when the schema has none
  std::unique_ptr<SchemaLimits> limits;
  std::unique_ptr<SchemaLogic> logic;
  std::shared_ptr<const Json> owned;  ///< root only: the tree that all nodes point into
  SchemaType type = SchemaType::Any;
  ListType list_type = ListType::Atomic;
  bool nullable = false;
  bool preserve = false;  ///< x-kubernetes-preserve-unknown-fields
  bool open = false;      ///< additionalProperties: true, or an empty schema
  bool int_or_string = false;
  bool embedded = false;  ///< x-kubernetes-embedded-resource
  bool resource = false;  ///< root of a kind, or embedded: apiVersion, kind and metadata are known
  bool map_atomic = false;
  bool rules = false;  ///< x-kubernetes-validations here or below
};

/// The place of a value, kept on the stack while a tree is walked; its text is made only for
/// findings.
struct Trail {
  const Trail* parent = nullptr;
  std::string_view name;
  size_t index = 0;
  bool is_index = false;

  Trail member(std::string_view key) const { return Trail{this, key, 0, false}; }
  Trail element(size_t at) const { return Trail{this, {}, at, true}; }
  /// "spec.items[0].name"; empty at the root.
  std::string text() const;
};

/// Appends findings of `node` about `value` at `at`, without the list-type pass.
void validate_node(const Schema::Node& node, const Json& value, const Trail& at,
                   std::vector<Cause>& causes);
/// Appends duplicates in lists of type set and map.
void validate_list_types(const Schema::Node& node, const Json& value, const Trail& at,
                         std::vector<Cause>& causes);
/// Prunes `value` in place.
void prune_node(const Schema::Node& node, Json& value, const Trail& at,
                std::vector<std::string>* unknown);

/// The property of a node, including the envelope of a resource; nullptr when unknown.
const Schema* find_property(const Schema::Node& node, std::string_view name);
/// Compiles without the rules for a kind's root: for ObjectMeta and its parts.
std::shared_ptr<const Schema> compile_fragment(const Json& schema, std::vector<Cause>& causes);

}  // namespace charter
