#include "controller/base/limits.h"
#include "controller/object/causes.h"
#include "controller/object/metadata_schema.h"
#include "controller/object/schema_format.h"
#include "controller/object/schema_node.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace charter {
namespace {

using Node = Schema::Node;

// Kubernetes' field for findings that its validator cannot attribute to a place.
constexpr const char* kNowhere = "<nil>";

std::string_view type_word(SchemaType type) {
  switch (type) {
    case SchemaType::Object:
      return "object";
    case SchemaType::Array:
      return "array";
    case SchemaType::String:
      return "string";
    case SchemaType::Integer:
      return "integer";
    case SchemaType::Number:
      return "number";
    case SchemaType::Boolean:
      return "boolean";
    case SchemaType::Any:
      break;
  }
  return "";
}

// An integer beyond int64 is a number as in kube-apiserver, where it becomes a float: nobody could
// read it back as what it says.
bool fits_int64(const Json& value) {
  return !value.is_number_unsigned() ||
         value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
}

SchemaType type_of(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return SchemaType::Object;
    case Json::value_t::array:
      return SchemaType::Array;
    case Json::value_t::string:
      return SchemaType::String;
    case Json::value_t::boolean:
      return SchemaType::Boolean;
    case Json::value_t::number_integer:
      return SchemaType::Integer;
    case Json::value_t::number_unsigned:
      return fits_int64(value) ? SchemaType::Integer : SchemaType::Number;
    case Json::value_t::number_float:
      return SchemaType::Number;
    default:
      return SchemaType::Any;
  }
}

// 1.0 is an integer in JSON schema.
bool is_whole(const Json& value) {
  if (!value.is_number_float()) return value.is_number() && fits_int64(value);
  const double number = value.get<double>();
  return std::isfinite(number) && number == std::trunc(number) && std::fabs(number) < 9.1e18;
}

bool has_type(const Node& node, const Json& value) {
  const SchemaType type = type_of(value);
  if (node.int_or_string) return type == SchemaType::String || is_whole(value);
  if (node.type == SchemaType::Any || node.type == type) return true;
  if (node.type == SchemaType::Number) return type == SchemaType::Integer;
  return node.type == SchemaType::Integer && type == SchemaType::Number && is_whole(value);
}

int64_t code_points(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
}

/// Walks one value along one node.
class Validation {
 public:
  explicit Validation(std::vector<Cause>& causes) : causes_(causes) {}

  void check(const Node& node, const Json& value, const Trail& at) {
    if (causes_.size() >= limits::kCausesMax) return;
    check_type(node, value, at);
    if (node.enumeration != nullptr) check_enum(node, value, at);
    if (value.is_null()) return;
    if (node.logic) check_logic(*node.logic, value, at);
    if (node.limits) check_limits(*node.limits, value, at);
    if (value.is_object()) check_object(node, value, at);
    if (value.is_array() && node.items) {
      size_t index = 0;
      for (const Json& element : value)
        check(node.items->node(), element, at.element(index++));
    }
  }

 private:
  void check_type(const Node& node, const Json& value, const Trail& at) {
    if (value.is_null() && (node.nullable || (node.type == SchemaType::Any && !node.int_or_string)))
      return;
    if (!value.is_null() && has_type(node, value)) return;
    const std::string found(value.is_null() ? "null" : type_word(type_of(value)));
    const std::string wanted =
        node.int_or_string ? "integer,string" : std::string(type_word(node.type));
    const std::string field = at.text();
    causes_.push_back(type_cause(
        field, found, field + " in body must be of type " + wanted + ": " + go_quote(found)));
  }

  void check_enum(const Node& node, const Json& value, const Trail& at) {
    const Json& allowed = *node.enumeration;
    if (value.is_null() && node.nullable && allowed.empty()) return;
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    std::vector<std::string> words;
    for (const Json& word : allowed)
      words.push_back(word.is_string() ? word.get<std::string>() : encode(word));
    causes_.push_back(unsupported_cause(at.text(), value, words));
  }

  void check_limits(const SchemaLimits& limits, const Json& value, const Trail& at) {
    if (value.is_string())
      check_string(limits, value, at);
    else if (value.is_number())
      check_number(limits, value, at);
    else if (value.is_array())
      check_count(value, at, limits.items_min, limits.items_max, "items");
    else if (value.is_object())
      check_count(value, at, limits.properties_min, limits.properties_max, "properties");
  }

  void body(const Json& value, const Trail& at, const std::string& rule) {
    std::string field = at.text();
    const std::string detail = field + " in body " + rule;
    causes_.push_back(invalid_cause(std::move(field), value, detail));
  }

  void check_string(const SchemaLimits& limits, const Json& value, const Trail& at) {
    const std::string& text = value.get_ref<const std::string&>();
    // Of length and pattern kube-apiserver tells what fails first, and nothing more.
    if (limits.length_max >= 0 && code_points(text) > limits.length_max)
      causes_.push_back(too_long_cause(at.text(), limits.length_max));
    else if (limits.length_min >= 0 && code_points(text) < limits.length_min)
      body(value, at, "should be at least " + std::to_string(limits.length_min) + " chars long");
    else if (limits.pattern && !re2::RE2::PartialMatch(text, *limits.pattern))
      body(value, at, "should match '" + limits.pattern->pattern() + "'");
    if (limits.format.empty() || matches_format(limits.format, text)) return;
    const std::string field = at.text();
    causes_.push_back(type_cause(
        field, value, field + " in body must be of type " + limits.format + ": " + go_quote(text)));
  }

  void check_number(const SchemaLimits& limits, const Json& value, const Trail& at) {
    const auto number = value.is_number_float() ? static_cast<long double>(value.get<double>())
                        : value.is_number_unsigned()
                            ? static_cast<long double>(value.get<uint64_t>())
                            : static_cast<long double>(value.get<int64_t>());
    if (const auto most = limits.maximum;
        most && (number > *most || (limits.exclusive_maximum && number == *most)))
      body(
          value, at,
          (limits.exclusive_maximum ? "should be less than " : "should be less than or equal to ") +
              go_float(*most));
    if (const auto least = limits.minimum;
        least && (number < *least || (limits.exclusive_minimum && number == *least)))
      body(value, at,
           (limits.exclusive_minimum ? "should be greater than "
                                     : "should be greater than or equal to ") +
               go_float(*least));
    if (const auto step = limits.multiple_of) {
      const long double times = number / *step;
      if (times != std::trunc(times)) body(value, at, "should be a multiple of " + go_float(*step));
    }
    const bool small = number >= INT32_MIN && number <= INT32_MAX;
    if (limits.format == "int32" && !small && is_whole(value))
      causes_.push_back(invalid_cause(
          kNowhere, "", "Checked value must be of type integer with format int32 in " + at.text()));
  }

  void check_count(const Json& value, const Trail& at, int64_t least, int64_t most,
                   const char* what) {
    const auto count = static_cast<int64_t>(value.size());
    if (most >= 0 && count > most) causes_.push_back(too_many_cause(at.text(), value.size(), most));
    if (least >= 0 && count < least)
      body(value, at, "should have at least " + std::to_string(least) + " " + what);
  }

  void check_object(const Node& node, const Json& value, const Trail& at) {
    for (const auto& [name, member] : value.items()) {
      const Trail place = at.member(name);
      const auto declared =
          std::lower_bound(node.properties.begin(), node.properties.end(), name,
                           [](const SchemaProperty& property, const std::string& key) {
                             return property.name < key;
                           });
      const bool found = declared != node.properties.end() && declared->name == name;
      if (found)
        check(declared->schema.node(), member, place);
      else if (node.additional)
        check(node.additional->node(), member, place);
      if (node.resource && (name == "metadata" || !found)) check_envelope(name, member, place);
    }
    for (const std::string_view name : node.required)
      if (!value.contains(name)) causes_.push_back(required_cause(at.member(name).text()));
    if (!node.embedded) return;
    for (const char* name : {"apiVersion", "kind"})
      if (text_at(value, {name}).empty())
        causes_.push_back(required_cause(at.member(name).text(), "must not be empty"));
  }

  void check_envelope(const std::string& name, const Json& member, const Trail& place) {
    if (name == "metadata") check(object_meta_schema().node(), member, place);
    if (name == "apiVersion" || name == "kind")
      check(envelope_string_schema().node(), member, place);
  }

  std::vector<Cause> findings(const Schema& branch, const Json& value, const Trail& at) {
    std::vector<Cause> found;
    Validation(found).check(branch.node(), value, at);
    return found;
  }

  void composite(const Trail& at, const std::string& rule) {
    causes_.push_back(invalid_cause(kNowhere, "", go_quote(at.text()) + " " + rule));
  }

  void append(const std::vector<Cause>& more) {
    for (const Cause& cause : more)
      if (std::find(causes_.begin(), causes_.end(), cause) == causes_.end())
        causes_.push_back(cause);
  }

  void check_logic(const SchemaLogic& logic, const Json& value, const Trail& at) {
    if (!logic.any_of.empty()) check_alternatives(logic.any_of, value, at, SIZE_MAX);
    if (!logic.one_of.empty()) check_alternatives(logic.one_of, value, at, 1);
    size_t valid = 0;
    for (const Schema& branch : logic.all_of) {
      const std::vector<Cause> found = findings(branch, value, at);
      valid += found.empty() ? 1 : 0;
      append(found);
    }
    if (valid < logic.all_of.size())
      composite(at, valid == 0 ? "must validate all the schemas (allOf). None validated"
                               : "must validate all the schemas (allOf)");
    if (logic.none_of && findings(*logic.none_of, value, at).empty())
      composite(at, "must not validate the schema (not)");
  }

  // anyOf (most = SIZE_MAX) and oneOf (most = 1). Without a match the findings of the nearest
  // branch help the user.
  void check_alternatives(const std::vector<Schema>& branches, const Json& value, const Trail& at,
                          size_t most) {
    size_t valid = 0;
    std::vector<Cause> nearest;
    for (const Schema& branch : branches) {
      std::vector<Cause> found = findings(branch, value, at);
      if (found.empty()) ++valid;
      if (valid > 0 && most == SIZE_MAX) return;
      if (nearest.empty() || found.size() < nearest.size()) nearest = std::move(found);
    }
    if (valid >= 1 && valid <= most) return;
    if (most == SIZE_MAX) {
      composite(at, "must validate at least one schema (anyOf)");
    } else {
      const std::string seen = valid == 0
                                   ? "Found none valid"
                                   : "Found " + std::to_string(valid) + " valid alternatives";
      composite(at, "must validate one and only one schema (oneOf). " + seen);
    }
    if (valid == 0) append(nearest);
  }

  std::vector<Cause>& causes_;
};

// The members that identify an element of a map list, with the defaults of absent ones.
Json element_key(const Node& node, const Json& element) {
  Json key = Json::object();
  for (const std::string& name : node.list_keys) {
    if (const auto it = element.find(name); it != element.end()) {
      key[name] = *it;
      continue;
    }
    const Schema* property = node.items->property(name);
    if (property != nullptr && property->default_value() != nullptr)
      key[name] = *property->default_value();
  }
  return key;
}

void find_duplicates(const Node& node, const Json& list, const Trail& at,
                     std::vector<Cause>& causes) {
  std::unordered_set<std::string> seen;
  size_t index = 0;
  for (const Json& element : list) {
    const Trail place = at.element(index++);
    const bool keyed = node.list_type == ListType::Map;
    if (keyed && !element.is_object()) continue;
    const Json key = keyed ? element_key(node, element) : element;
    if (!seen.insert(encode(key)).second) causes.push_back(duplicate_cause(place.text(), key));
  }
}

}  // namespace

void validate_node(const Node& node, const Json& value, const Trail& at,
                   std::vector<Cause>& causes) {
  Validation(causes).check(node, value, at);
}

void validate_list_types(const Node& node, const Json& value, const Trail& at,
                         std::vector<Cause>& causes) {
  if (causes.size() >= limits::kCausesMax) return;
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      const Schema* schema = find_property(node, name);
      if (schema == nullptr) schema = node.additional.get();
      if (schema != nullptr) validate_list_types(schema->node(), member, at.member(name), causes);
    }
  } else if (value.is_array() && node.items) {
    if (node.list_type != ListType::Atomic) find_duplicates(node, value, at, causes);
    size_t index = 0;
    for (const Json& element : value)
      validate_list_types(node.items->node(), element, at.element(index++), causes);
  }
}

}  // namespace charter
