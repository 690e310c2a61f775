#pragma once

#include "controller/cel/type.h"
#include "controller/object/value.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// What a structural schema says to expressions: which fields there are, under which name they are
// reached, and how JSON becomes values. Made once per rule set; points into the schema's JSON,
// which outlives it. Immutable.
namespace charter::cel {

/// How the JSON of a node is read.
enum class Shape : uint8_t {
  Object,  ///< declared fields
  Map,     ///< string → element
  List,
  String,
  Byte,  ///< base64
  Duration,
  Date,
  DateTime,
  Boolean,
  Number,
  Integer,
  IntOrString,
  Any,      ///< without a schema: each value is what its JSON is
  Unknown,  ///< not reachable from expressions; compared as JSON
};

/// One node of a schema.
struct Declared {
  Shape shape = Shape::Unknown;
  bool nullable = false;
  /// False for what expressions cannot reach: nodes without a type, lists of them, …
  bool exposed = false;
  bool set_list = false;  ///< x-kubernetes-list-type: set
  /// The most code points, bytes, elements or entries a value may have, by the schema's bounds or
  /// else by what fits into one request; 0 for what has no size.
  uint64_t size_max = 0;
  int64_t bytes_min = 0;               ///< of its shortest JSON
  std::vector<std::string> list_keys;  ///< of x-kubernetes-list-type: map
  TypePtr type;                        ///< null unless exposed
  std::map<std::string, std::unique_ptr<Declared>, std::less<>> fields;  ///< by JSON name
  std::map<std::string, std::string, std::less<>> escaped;  ///< name in expressions → JSON name
  std::unique_ptr<Declared> element;                        ///< of a list or map

  /// What elements of a list or map are declared as.
  const Declared& part() const { return shape == Shape::Any ? *this : *element; }

  /// The field an expression calls `name`, or null. `json_name` receives its name in documents.
  const Declared* field(std::string_view name, std::string_view* json_name = nullptr) const;
};

/// Declares a node of JSONSchemaProps; `is_resource` for the root of a kind (and, found out from
/// the schema, embedded resources): apiVersion, kind, metadata.name and metadata.generateName are
/// always there. `name` is the type's name in findings.
std::unique_ptr<Declared> declare(const Json& schema, bool is_resource, const std::string& name);

/// JSON without a schema, of the type dyn.
const Declared& any_json();

/// What tells an element of a list of type map from the others: the values of its keys.
std::string identity_of(const Json& item, const std::vector<std::string>& keys);

/// A field's name as expressions write it, or nothing when it cannot be written.
std::optional<std::string> escape_name(std::string_view name);

}  // namespace charter::cel
