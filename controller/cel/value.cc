#include "controller/cel/value.h"

#include "controller/base/base64.h"
#include "controller/base/check.h"

#include <nlohmann/json.hpp>

namespace charter::cel {
namespace {

Value invalid(std::string_view expected, const Json& got) {
  return Value::error("invalid data, expected " + std::string(expected) + ", got " +
                      std::string(got.type_name()));
}

bool fits_int(const Json& json) {
  return json.is_number_integer() &&
         (!json.is_number_unsigned() || json.get<uint64_t>() <= uint64_t{INT64_MAX});
}

}  // namespace

Value Value::boolean(bool value) {
  Value out = with(Kind::Bool);
  out.bool_ = value;
  return out;
}

Value Value::integer(int64_t value) {
  Value out = with(Kind::Int);
  out.int_ = value;
  return out;
}

Value Value::unsigned_integer(uint64_t value) {
  Value out = with(Kind::Uint);
  out.uint_ = value;
  return out;
}

Value Value::real(double value) {
  Value out = with(Kind::Double);
  out.double_ = value;
  return out;
}

Value Value::text(std::string value) {
  auto made = std::make_shared<Made>();
  made->text = std::move(value);
  Value out = made_with(Kind::String, std::move(made));
  out.text_ = out.made_->text;
  return out;
}

Value Value::text_view(std::string_view value) {
  Value out = with(Kind::String);
  out.text_ = value;
  return out;
}

Value Value::bytes(std::string value) {
  Value out = text(std::move(value));
  out.kind_ = Kind::Bytes;
  return out;
}

Value Value::timestamp(int64_t seconds, int32_t nanos) {
  Value out = with(Kind::Timestamp);
  out.int_ = seconds;
  out.nanos_ = nanos;
  return out;
}

Value Value::duration(int64_t seconds, int32_t nanos) {
  Value out = with(Kind::Duration);
  out.int_ = seconds;
  out.nanos_ = nanos;
  return out;
}

Value Value::list(std::vector<Value> items, const Declared* like) {
  auto made = std::make_shared<Made>();
  made->items = std::move(items);
  Value out = made_with(Kind::List, std::move(made));
  out.declared_ = like;
  return out;
}

Value Value::map(std::map<Value, Value, KeyLess> entries) {
  auto made = std::make_shared<Made>();
  made->entries = std::move(entries);
  return made_with(Kind::Map, std::move(made));
}

Value Value::type(TypePtr type) {
  auto made = std::make_shared<Made>();
  made->type = std::move(type);
  return made_with(Kind::Type, std::move(made));
}

Value Value::optional(Value value) {
  auto made = std::make_shared<Made>();
  made->items.push_back(std::move(value));
  return made_with(Kind::Optional, std::move(made));
}

Value Value::no_value() {
  return with(Kind::Optional);
}

Value Value::opaque(std::unique_ptr<const Opaque> opaque) {
  auto made = std::make_shared<Made>();
  made->opaque = std::move(opaque);
  return made_with(Kind::Opaque, std::move(made));
}

Value Value::error(std::string message) {
  Value out = text(std::move(message));
  out.kind_ = Kind::Error;
  return out;
}

Value Value::of_text(const std::string& text, const Declared& declared) {
  switch (declared.shape) {
    case Shape::Byte:
      if (auto decoded = decode_base64(text)) return bytes(std::move(*decoded));
      return error("Invalid byte formatted string " + text);
    case Shape::Duration:
      if (const auto length = parse_loose_duration(text))
        return duration(length->seconds, length->nanos);
      return error("Invalid duration " + text);
    case Shape::Date:
      if (const auto day = parse_date(text)) return timestamp(day->seconds, 0);
      return error("Invalid date formatted string " + text);
    case Shape::DateTime:
      if (const auto time = parse_timestamp(text)) return timestamp(time->seconds, time->nanos);
      return error("Invalid date-time formatted string " + text);
    default:
      return text_view(text);
  }
}

// Numbers are what Kubernetes reads from JSON: whole ones that fit are ints.
Value Value::of_any(const Json& json) {
  if (json.is_boolean()) return boolean(json.get<bool>());
  if (fits_int(json)) return integer(json.get<int64_t>());
  if (json.is_number()) return real(json.get<double>());
  if (json.is_string()) return text_view(json.get_ref<const std::string&>());
  Value out = with(json.is_array() ? Kind::List : Kind::Map);
  out.json_ = &json;
  out.declared_ = &any_json();
  return out;
}

Value Value::of(const Json* json, const Declared& declared) {
  if (json == nullptr || json->is_null()) {
    if (declared.nullable || declared.shape == Shape::Unknown) return Value();
    return error("invalid data, got null for schema with nullable=false");
  }
  Value out;
  out.json_ = json;
  out.declared_ = &declared;
  switch (declared.shape) {
    case Shape::Object:
    case Shape::Map:
      if (!json->is_object())
        return error("invalid data, expected a map for the provided schema with type=object");
      out.kind_ = declared.shape == Shape::Map ? Kind::Map : Kind::Object;
      return out;
    case Shape::List:
      if (!json->is_array())
        return error("invalid data, expected an array for the provided schema with type=array");
      out.kind_ = Kind::List;
      return out;
    case Shape::Boolean:
      return json->is_boolean() ? boolean(json->get<bool>()) : invalid("bool", *json);
    case Shape::Number:
      return json->is_number() ? real(json->get<double>()) : invalid("float", *json);
    case Shape::Integer:
      return fits_int(*json) ? integer(json->get<int64_t>()) : invalid("int", *json);
    case Shape::IntOrString:
      if (json->is_string()) return text_view(json->get_ref<const std::string&>());
      if (fits_int(*json)) return integer(json->get<int64_t>());
      return error("invalid data, expected XIntOrString value to be either a string or integer");
    case Shape::Unknown:
      out.kind_ = Kind::Unknown;
      return out;
    case Shape::Any:
      return of_any(*json);
    default:
      if (!json->is_string()) return invalid("string", *json);
      return of_text(json->get_ref<const std::string&>(), declared);
  }
}

size_t code_points(std::string_view text) {
  size_t count = 0;
  for (const char c : text)
    count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

size_t Value::size() const {
  if (kind_ == Kind::String) return code_points(text_);
  if (kind_ == Kind::Bytes) return text_.size();
  if (json_ != nullptr) return json_->size();
  if (made_ == nullptr) return 0;
  return kind_ == Kind::Map ? made_->entries.size() : made_->items.size();
}

Value Value::element(size_t index) const {
  if (json_ != nullptr) return of(&(*json_)[index], declared_->part());
  return made_->items[index];
}

std::optional<Value> Value::member(const Value& key) const {
  if (json_ == nullptr) {
    const auto at = made_->entries.find(key);
    if (at == made_->entries.end()) return std::nullopt;
    return at->second;
  }
  if (key.kind() != Kind::String) return std::nullopt;
  return field(key.as_text());
}

std::optional<Value> Value::field(std::string_view name) const {
  if (json_ == nullptr) return member(text_view(name));
  const Declared* declared = nullptr;
  if (kind_ == Kind::Object) {
    std::string_view json_name;
    declared = declared_->field(name, &json_name);
    if (declared == nullptr) return std::nullopt;
    name = json_name;
  } else {
    declared = &declared_->part();
  }
  const auto at = json_->find(name);
  if (at == json_->end()) return std::nullopt;
  return of(&*at, *declared);
}

std::vector<Value> Value::keys() const {
  std::vector<Value> out;
  if (json_ == nullptr) {
    for (const auto& [key, value] : made_->entries)
      out.push_back(key);
    return out;
  }
  for (auto at = json_->begin(); at != json_->end(); ++at)
    out.push_back(text_view(at.key()));
  return out;
}

void Value::append(Value item) {
  if (made_.use_count() != 1)
    made_ = [&] {
      auto copy = std::make_shared<Made>();
      copy->items = made_->items;
      return copy;
    }();
  made_->items.push_back(std::move(item));
}

std::map<Value, Value, KeyLess> Value::take_entries() {
  if (made_ == nullptr) return {};
  return made_.use_count() == 1 ? std::move(made_->entries) : made_->entries;
}

std::string_view Value::type_name() const {
  if (kind_ == Kind::Opaque) return made_->opaque->type_name();
  if (kind_ == Kind::Object) return declared_->type->name;
  return kind_name(kind_);
}

bool Value::is_zero() const {
  switch (kind_) {
    case Kind::Null:
      return true;
    case Kind::Bool:
      return !bool_;
    case Kind::Int:
      return int_ == 0;
    case Kind::Uint:
      return uint_ == 0;
    case Kind::Double:
      return double_ == 0;
    case Kind::String:
    case Kind::Bytes:
      return text_.empty();
    case Kind::Duration:
      return int_ == 0 && nanos_ == 0;
    case Kind::Optional:
      return !has_value();
    case Kind::List:
    case Kind::Map:
    case Kind::Object:
      return size() == 0;
    default:
      return false;
  }
}

}  // namespace charter::cel
