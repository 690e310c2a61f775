#include "controller/protobuf/protobuf.h"
#include "wire/openapi_v2.pb.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

namespace v2 = wire::openapi::v2;

void set_any(const Json& value, v2::Any& out) {
  out.set_yaml(encode(value) + "\n");
}

/// Members that begin with "x-".
template <class Message>
void add_extensions(const Json& from, Message& out) {
  for (const auto& [name, value] : from.items()) {
    if (!name.starts_with("x-")) continue;
    v2::NamedAny& extension = *out.add_vendor_extension();
    extension.set_name(name);
    set_any(value, *extension.mutable_value());
  }
}

void fill_schema(const Json& from, v2::Schema& out);

void add_named(const Json& schemas, google::protobuf::RepeatedPtrField<v2::NamedSchema>& out) {
  for (const auto& [name, schema] : schemas.items()) {
    v2::NamedSchema& named = *out.Add();
    named.set_name(name);
    fill_schema(schema, *named.mutable_value());
  }
}

void fill_numbers(const Json& from, v2::Schema& out) {
  const auto number = [&](const char* name) {
    return from.contains(name) && from[name].is_number() ? from[name].get<double>() : 0.0;
  };
  const auto count = [&](const char* name) { return int_at(from, {name}).value_or(0); };
  out.set_multiple_of(number("multipleOf"));
  out.set_maximum(number("maximum"));
  out.set_minimum(number("minimum"));
  out.set_exclusive_maximum(flag_at(from, {"exclusiveMaximum"}, false));
  out.set_exclusive_minimum(flag_at(from, {"exclusiveMinimum"}, false));
  out.set_max_length(count("maxLength"));
  out.set_min_length(count("minLength"));
  out.set_max_items(count("maxItems"));
  out.set_min_items(count("minItems"));
  out.set_max_properties(count("maxProperties"));
  out.set_min_properties(count("minProperties"));
  out.set_unique_items(flag_at(from, {"uniqueItems"}, false));
}

void fill_shape(const Json& from, v2::Schema& out) {
  if (const std::string type = text_at(from, {"type"}); !type.empty())
    out.mutable_type()->add_value(type);
  if (const Json* items = at(from, {"items"}))
    fill_schema(*items, *out.mutable_items()->add_schema());
  if (const Json* properties = at(from, {"properties"})) {
    add_named(*properties, *out.mutable_properties()->mutable_additional_properties());
  }
  if (const Json* more = at(from, {"additionalProperties"})) {
    auto& item = *out.mutable_additional_properties();
    if (more->is_boolean()) {
      item.set_boolean(more->get<bool>());
    } else {
      fill_schema(*more, *item.mutable_schema());
    }
  }
}

void fill_schema(const Json& from, v2::Schema& out) {
  out.set_ref(text_at(from, {"$ref"}));
  out.set_format(text_at(from, {"format"}));
  out.set_title(text_at(from, {"title"}));
  out.set_description(text_at(from, {"description"}));
  out.set_pattern(text_at(from, {"pattern"}));
  if (const Json* value = at(from, {"default"})) set_any(*value, *out.mutable_default_());
  if (const Json* names = at(from, {"required"})) {
    for (const Json& name : *names)
      out.add_required(name.get<std::string>());
  }
  if (const Json* values = at(from, {"enum"})) {
    for (const Json& value : *values)
      set_any(value, *out.add_enum_());
  }
  fill_numbers(from, out);
  fill_shape(from, out);
  add_extensions(from, out);
}

void fill_operation(const Json& from, v2::Operation& out) {
  if (const Json* parameters = at(from, {"parameters"})) {
    for (const Json& parameter : *parameters) {
      auto& query = *out.add_parameters()
                         ->mutable_parameter()
                         ->mutable_non_body_parameter()
                         ->mutable_query_parameter_sub_schema();
      query.set_in(text_at(parameter, {"in"}));
      query.set_name(text_at(parameter, {"name"}));
      query.set_type(text_at(parameter, {"type"}));
      query.set_unique_items(flag_at(parameter, {"uniqueItems"}, false));
    }
  }
  for (const auto& [code, response] : from.at("responses").items()) {
    v2::NamedResponseValue& named = *out.mutable_responses()->add_response_code();
    named.set_name(code);
    named.mutable_value()->mutable_response()->set_description(text_at(response, {"description"}));
    fill_schema(response.at("schema"),
                *named.mutable_value()->mutable_response()->mutable_schema()->mutable_schema());
  }
  add_extensions(from, out);
}

v2::Operation* operation_of(v2::PathItem& path, const std::string& verb) {
  if (verb == "get") return path.mutable_get();
  if (verb == "put") return path.mutable_put();
  if (verb == "post") return path.mutable_post();
  if (verb == "delete") return path.mutable_delete_();
  return verb == "patch" ? path.mutable_patch() : nullptr;
}

}  // namespace

std::string encode_openapi_v2(const Json& document) {
  v2::Document out;
  out.set_swagger(text_at(document, {"swagger"}));
  out.mutable_info()->set_title(text_at(document, {"info", "title"}));
  out.mutable_info()->set_version(text_at(document, {"info", "version"}));
  for (const auto& [name, item] : document.at("paths").items()) {
    v2::NamedPathItem& path = *out.mutable_paths()->add_path();
    path.set_name(name);
    for (const auto& [verb, operation] : item.items()) {
      if (auto* target = operation_of(*path.mutable_value(), verb))
        fill_operation(operation, *target);
    }
  }
  add_named(document.at("definitions"),
            *out.mutable_definitions()->mutable_additional_properties());
  return out.SerializeAsString();
}

}  // namespace charter
