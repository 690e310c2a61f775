#include "controller/cel/declared.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cctype>

namespace charter::cel {
namespace {

constexpr std::array<std::string_view, 21> kReserved{
    "true",     "false",   "null",      "in",       "as",  "break",  "const",
    "continue", "else",    "for",       "function", "if",  "import", "let",
    "loop",     "package", "namespace", "return",   "var", "void",   "while"};

bool flag(const Json& schema, const char* key) {
  return flag_at(schema, {key}, false);
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
      expose(*out, Type::of(Kind::Dyn));
      return out;
    }
    const std::string type = text_at(schema, {"type"});
    if (is_resource || type == "object")
      object(*out, schema, is_resource, name);
    else if (type == "array")
      list(*out, schema, name);
    else
      scalar(*out, type, text_at(schema, {"format"}));
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
      if (out.element->exposed) expose(out, Type::map(Type::of(Kind::String), out.element->type));
      return;
    }
    out.shape = Shape::Object;
    if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object())
      for (const auto& [key, child] : properties->items())
        add_field(out, key, child, name);
    if (is_resource) add_envelope(out, name);
    auto type = std::make_shared<Type>();
    type->kind = Kind::Object;
    type->name = name;
    type->declared = &out;
    expose(out, std::move(type));
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
    const std::string list_type = text_at(schema, {"x-kubernetes-list-type"});
    out.set_list = list_type == "set";
    if (const Json* keys = at(schema, {"x-kubernetes-list-map-keys"});
        list_type == "map" && keys != nullptr && keys->is_array())
      for (const Json& key : *keys)
        if (key.is_string()) out.list_keys.push_back(key.get<std::string>());
    if (out.element->exposed) expose(out, Type::list(out.element->type));
  }

  static void scalar(Declared& out, std::string_view type, std::string_view format) {
    if (type == "boolean") set(out, Shape::Boolean, Kind::Bool);
    if (type == "number") set(out, Shape::Number, Kind::Double);
    if (type == "integer") set(out, Shape::Integer, Kind::Int);
    if (type != "string") return;
    if (format == "byte")
      set(out, Shape::Byte, Kind::Bytes);
    else if (format == "duration")
      set(out, Shape::Duration, Kind::Duration);
    else if (format == "date")
      set(out, Shape::Date, Kind::Timestamp);
    else if (format == "date-time")
      set(out, Shape::DateTime, Kind::Timestamp);
    else
      set(out, Shape::String, Kind::String);
  }

  static void set(Declared& out, Shape shape, Kind kind) {
    out.shape = shape;
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

std::unique_ptr<Declared> declare(const Json& schema, bool is_resource, const std::string& name) {
  return Declarer().declare(schema, is_resource, name);
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
