#include "controller/cel/declared.h"

#include "controller/cel/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>

namespace charter::cel {
namespace {

constexpr std::array<std::string_view, 21> kReserved{
    "true",     "false",   "null",      "in",       "as",  "break",  "const",
    "continue", "else",    "for",       "function", "if",  "import", "let",
    "loop",     "package", "namespace", "return",   "var", "void",   "while"};

// Lengths of the shortest JSON, as kube counts them.
constexpr int64_t kBracketBytes = 2;  // "", [] or {}
constexpr int64_t kBoolBytes = 4;
constexpr int64_t kNumberBytes = 1;
constexpr int64_t kDurationBytes = 3;
constexpr int64_t kDateBytes = 12;
constexpr int64_t kDateTimeBytes = 21;
constexpr int64_t kMemberBytes = 4;  // quotes, colon and comma around a name
constexpr int64_t kEntryBytes = 6;   // the same with the shortest key
constexpr uint64_t kTimeTextMax = 32;
constexpr int64_t kCodePointBytesMax = 4;

bool flag(const Json& schema, const char* key) {
  return flag_at(schema, {key}, false);
}

/// A bound that the schema states, or what fits into one request when each takes `bytes`.
uint64_t bound_of(const Json& schema, const char* key, int64_t bytes) {
  const int64_t fitting = (limits::kRequestBytes - kBracketBytes) / bytes;
  return static_cast<uint64_t>(std::max<int64_t>(int_at(schema, {key}).value_or(fitting), 0));
}

/// Bytes of the longest text that may stand here: a length counts code points.
uint64_t text_bound(const Json& schema) {
  if (const auto length = int_at(schema, {"maxLength"}))
    return static_cast<uint64_t>(std::clamp<int64_t>(*length, 0, INT64_MAX / kCodePointBytesMax) *
                                 kCodePointBytesMax);
  const Json* words = at(schema, {"enum"});
  if (flag(schema, "x-kubernetes-int-or-string") || words == nullptr || !words->is_array() ||
      words->empty())
    return limits::kRequestBytes - kBracketBytes;
  size_t longest = 0;
  for (const Json& word : *words)
    if (word.is_string()) longest = std::max(longest, word.get_ref<const std::string&>().size());
  return longest;
}

/// Turns nodes of a schema into declarations.
class Declarer {
 public:
  std::unique_ptr<Declared> declare(const Json& schema, bool is_resource, const std::string& name) {
    auto out = std::make_unique<Declared>();
    if (!schema.is_object()) return out;
    out->nullable = flag(schema, "nullable");
    if (flag(schema, "x-kubernetes-int-or-string")) {
      out->shape = Shape::IntOrString;
      out->bytes_min = kNumberBytes;
      out->size_max = text_bound(schema);
      expose(*out, Type::of(Kind::Dyn));
      return out;
    }
    const std::string type = text_at(schema, {"type"});
    if (is_resource || type == "object")
      object(*out, schema, is_resource, name);
    else if (type == "array")
      list(*out, schema, name);
    else
      scalar(*out, schema, type);
    return out;
  }

 private:
  static void expose(Declared& out, TypePtr type) {
    out.exposed = true;
    out.type = std::move(type);
  }

  static bool is_embedded(const Json& schema) {
    return schema.is_object() && flag(schema, "x-kubernetes-embedded-resource");
  }

  void object(Declared& out, const Json& schema, bool is_resource, const std::string& name) {
    const Json* values = at(schema, {"additionalProperties"});
    if (values != nullptr && values->is_object()) {
      out.shape = Shape::Map;
      out.element = declare(*values, is_embedded(*values), name + ".@elem");
      out.bytes_min = kBracketBytes;
      out.size_max = bound_of(schema, "maxProperties", out.element->bytes_min + kEntryBytes);
      if (out.element->exposed) expose(out, Type::map(Type::of(Kind::String), out.element->type));
      return;
    }
    out.shape = Shape::Object;
    if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object())
      for (const auto& [key, child] : properties->items())
        add_field(out, key, child, name);
    if (is_resource) add_envelope(out, name);
    out.bytes_min = least_bytes(out, schema);
    auto type = std::make_shared<Type>();
    type->kind = Kind::Object;
    type->name = name;
    type->declared = &out;
    expose(out, std::move(type));
  }

  // Of the members that must be written: one with a default need not be.
  static int64_t least_bytes(const Declared& out, const Json& schema) {
    int64_t bytes = kBracketBytes;
    const Json* required = at(schema, {"required"});
    if (required == nullptr || !required->is_array()) return bytes;
    for (const Json& name : *required) {
      if (!name.is_string()) continue;
      const auto& key = name.get_ref<const std::string&>();
      const auto field = out.fields.find(key);
      if (field == out.fields.end() || !field->second->exposed) continue;
      if (at(schema, {"properties", key, "default"}) != nullptr) continue;
      bytes += static_cast<int64_t>(key.size()) + field->second->bytes_min + kMemberBytes;
    }
    return bytes;
  }

  void add_field(Declared& out, const std::string& key, const Json& schema,
                 const std::string& name) {
    const std::optional<std::string> escaped = escape_name(key);
    auto field = declare(schema, is_embedded(schema), name + "." + escaped.value_or(key));
    if (escaped && field->exposed) out.escaped[*escaped] = key;
    out.fields[key] = std::move(field);
  }

  // What the schema of a root says about metadata holds only if it names what rules may reach.
  void add_envelope(Declared& out, const std::string& name) {
    static const Json kText = {{"type", "string"}};
    static const Json kMetadata = {{"type", "object"},
                                   {"properties", {{"name", kText}, {"generateName", kText}}}};
    const auto is_text = [](const Declared& object, std::string_view key) {
      const auto field = object.fields.find(key);
      return field != object.fields.end() && field->second->shape == Shape::String;
    };
    const auto metadata = out.fields.find("metadata");
    if (is_text(out, "kind") && is_text(out, "apiVersion") && metadata != out.fields.end() &&
        is_text(*metadata->second, "name") && is_text(*metadata->second, "generateName"))
      return;
    add_field(out, "kind", kText, name);
    add_field(out, "apiVersion", kText, name);
    add_field(out, "metadata", kMetadata, name);
  }

  void list(Declared& out, const Json& schema, const std::string& name) {
    const Json* items = at(schema, {"items"});
    if (items == nullptr || !items->is_object()) return;
    out.shape = Shape::List;
    out.element = declare(*items, is_embedded(*items), name + ".@idx");
    out.bytes_min = kBracketBytes;
    out.size_max = bound_of(schema, "maxItems", out.element->bytes_min + 1);
    const std::string list_type = text_at(schema, {"x-kubernetes-list-type"});
    out.set_list = list_type == "set";
    if (const Json* keys = at(schema, {"x-kubernetes-list-map-keys"});
        list_type == "map" && keys != nullptr && keys->is_array())
      for (const Json& key : *keys)
        if (key.is_string()) out.list_keys.push_back(key.get<std::string>());
    if (out.element->exposed) expose(out, Type::list(out.element->type));
  }

  static void scalar(Declared& out, const Json& schema, std::string_view type) {
    if (type == "boolean") set(out, Shape::Boolean, Kind::Bool, {kBoolBytes, 0});
    if (type == "number") set(out, Shape::Number, Kind::Double, {kNumberBytes, 0});
    if (type == "integer") set(out, Shape::Integer, Kind::Int, {kNumberBytes, 0});
    if (type == "string") text(out, schema, text_at(schema, {"format"}));
  }

  static void text(Declared& out, const Json& schema, std::string_view format) {
    if (format == "byte")
      set(out, Shape::Byte, Kind::Bytes, {kBracketBytes, bound_of(schema, "maxLength", 1)});
    else if (format == "duration")
      set(out, Shape::Duration, Kind::Duration, {kDurationBytes, kTimeTextMax});
    else if (format == "date")
      set(out, Shape::Date, Kind::Timestamp, {kDateBytes, kDateBytes});
    else if (format == "date-time")
      set(out, Shape::DateTime, Kind::Timestamp, {kDateTimeBytes, kTimeTextMax});
    else
      set(out, Shape::String, Kind::String, {kBracketBytes, text_bound(schema)});
  }

  struct Bounds {
    int64_t bytes_min;
    uint64_t size_max;
  };
  static void set(Declared& out, Shape shape, Kind kind, Bounds bounds) {
    out.shape = shape;
    out.bytes_min = bounds.bytes_min;
    out.size_max = bounds.size_max;
    expose(out, Type::of(kind));
  }
};

}  // namespace

const Declared* Declared::field(std::string_view name, std::string_view* json_name) const {
  const auto at = escaped.find(name);
  if (at == escaped.end()) return nullptr;
  if (json_name != nullptr) *json_name = at->second;
  return fields.find(at->second)->second.get();
}

const Declared& any_json() {
  static const Declared kAny = [] {
    Declared out;
    out.shape = Shape::Any;
    out.nullable = true;
    out.exposed = true;
    out.type = Type::of(Kind::Dyn);
    return out;
  }();
  return kAny;
}

std::unique_ptr<Declared> declare(const Json& schema, bool is_resource, const std::string& name) {
  return Declarer().declare(schema, is_resource, name);
}

std::string identity_of(const Json& item, const std::vector<std::string>& keys) {
  Json out = Json::array();
  for (const std::string& key : keys)
    out.push_back(item.is_object() && item.contains(key) ? item[key] : Json());
  return encode(out);
}

std::optional<std::string> escape_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return std::nullopt;
  for (const std::string_view word : kReserved)
    if (word == name) return "__" + std::string(word) + "__";
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '_' && i + 1 < name.size() && name[i + 1] == '_') {
      out += "__underscores__";
      ++i;
    } else if (c == '.') {
      out += "__dot__";
    } else if (c == '-') {
      out += "__dash__";
    } else if (c == '/') {
      out += "__slash__";
    } else if (c == '_' || std::isalnum(static_cast<unsigned char>(c))) {
      out += c;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace charter::cel
