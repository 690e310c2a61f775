#include "controller/api/openapi_schemas.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

const char* const kPrefix = "#/definitions/";

/// A schema without what v2 has no words for.
Json simplified(const Json& from) {
  if (!from.is_object()) return from;
  Json out = Json::object();
  const bool open =
      flag_at(from, {"nullable"}, false) || flag_at(from, {"x-kubernetes-int-or-string"}, false);
  // kubectl refuses every field that it does not find in a schema with properties.
  const bool untyped = open || flag_at(from, {"x-kubernetes-preserve-unknown-fields"}, false);
  for (const auto& [name, value] : from.items()) {
    if (name == "nullable" || name == "allOf" || name == "anyOf" || name == "oneOf" ||
        name == "not")
      continue;
    if (open && (name == "type" || name == "format")) continue;
    if (untyped && (name == "properties" || name == "items" || name == "additionalProperties" ||
                    name == "required"))
      continue;
    if (name == "properties") {
      for (const auto& [property, schema] : value.items())
        out[name][property] = simplified(schema);
    } else if (name == "items" || name == "additionalProperties") {
      out[name] = simplified(value);
    } else {
      out[name] = value;
    }
  }
  return out;
}

Json kind_definition(const ResourceType& type) {
  Json schema = simplified(type.schema->source());
  if (!schema.is_object()) schema = Json::object();
  schema["type"] = "object";
  schema["x-kubernetes-group-version-kind"] = {schema_gvk(type, type.kind)};
  if (flag_at(schema, {"x-kubernetes-preserve-unknown-fields"}, false)) return schema;
  schema["properties"]["apiVersion"] = string_schema("Group and version of this representation.");
  schema["properties"]["kind"] = string_schema("Kind of this object.");
  schema["properties"]["metadata"] = {{"description", "Standard object metadata."},
                                      {"$ref", std::string(kPrefix) + kMetaSchema}};
  return schema;
}

/// One operation. Clients look for the parameters to learn what the server can do.
Json operation(const ResourceType& type, const char* verb, const char* const* parameters,
               size_t count) {
  Json out = {
      {"responses",
       {{"200", {{"description", "OK"}, {"schema", {{"$ref", kPrefix + schema_name(type)}}}}}}},
      {"x-kubernetes-action", verb},
      {"x-kubernetes-group-version-kind", schema_gvk(type, type.kind)}};
  for (size_t i = 0; i < count; ++i) {
    out["parameters"].push_back(
        {{"name", parameters[i]}, {"in", "query"}, {"type", "string"}, {"uniqueItems", true}});
  }
  return out;
}

}  // namespace

Json openapi_v2_document(const KindTable& kinds) {
  constexpr const char* kParameters[] = {"dryRun", "fieldManager", "fieldValidation"};
  Json definitions = {{kMetaSchema, object_meta_schema()}, {kListMetaSchema, list_meta_schema()}};
  Json paths = Json::object();
  for (const auto& type : kinds.all()) {
    definitions[schema_name(*type)] = kind_definition(*type);
    Json& collection = paths[collection_path(*type)];
    collection["post"] = operation(*type, "post", kParameters, std::size(kParameters));
    if (type->create_only) continue;
    definitions[schema_name(*type) + "List"] = list_schema(*type, kPrefix);
    Json& item = paths[collection_path(*type) + "/{name}"];
    item["get"] = operation(*type, "get", nullptr, 0);
    item["delete"] = operation(*type, "delete", kParameters, 1);
    item["put"] = operation(*type, "put", kParameters, std::size(kParameters));
    item["patch"] = operation(*type, "patch", kParameters, std::size(kParameters));
  }
  return {{"swagger", "2.0"},
          {"info", {{"title", "Charter"}, {"version", "v1"}}},
          {"paths", std::move(paths)},
          {"definitions", std::move(definitions)}};
}

}  // namespace charter
