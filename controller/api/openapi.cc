#include "controller/api/openapi.h"

#include "controller/api/gzip.h"
#include "controller/api/media_type.h"
#include "controller/api/openapi_schemas.h"
#include "controller/api/status_body.h"
#include "controller/object/digest.h"
#include "controller/protobuf/protobuf.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace charter {
namespace {

using TypePtr = std::shared_ptr<const ResourceType>;
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kV2Protobuf =
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// OpenAPI knows no int-or-string and no nullable type arrays: the extensions stay, the rest passes through.
Json kind_schema(const ResourceType& type, const std::string& ref_prefix) {
  Json schema = type.schema->source();
  if (!schema.is_object()) schema = Json::object();
  schema["type"] = "object";
  schema["x-kubernetes-group-version-kind"] = {schema_gvk(type, type.kind)};
  Json& properties = schema["properties"];
  if (!properties.is_object()) properties = Json::object();
  properties["apiVersion"] = string_schema("Group and version of this representation.");
  properties["kind"] = string_schema("Kind of this object.");
  properties["metadata"] = {{"description", "Standard object metadata."},
                            {"allOf", {{{"$ref", ref_prefix + kMetaSchema}}}}};
  return schema;
}

Json query_parameter(const char* name) {
  return {{"name", name}, {"in", "query"}, {"schema", {{"type", "string"}, {"uniqueItems", true}}}};
}

Json write_parameters() {
  return {query_parameter("dryRun"), query_parameter("fieldManager"), query_parameter("fieldValidation")};
}

Json media(const std::vector<std::string>& types, const Json& schema) {
  Json out = Json::object();
  for (const std::string& name : types) out[name] = {{"schema", schema}};
  return out;
}

/// One operation of the v3 document.
Json operation(const ResourceType& type, const char* action, const Json& schema, const std::vector<std::string>& bodies) {
  Json out = {
      {"responses",
       {{"200", {{"description", "OK"}, {"content", media({"application/json"}, schema)}}}}},
      {"x-kubernetes-action", action},
      {"x-kubernetes-group-version-kind", schema_gvk(type, type.kind)}};
  if (bodies.empty()) return out;
  out["parameters"] = write_parameters();
  const bool patch = std::string_view(action) == "patch";
  out["requestBody"] = {{"content", media(bodies, patch ? Json({{"type", "object"}}) : schema)}};
  if (patch) out["parameters"].push_back(query_parameter("force"));
  return out;
}

std::vector<std::string> patch_types(const ResourceType& type) {
  std::vector<std::string> types = {"application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"};
  if (type.builtin) types.emplace_back("application/strategic-merge-patch+json");
  return types;
}

void add_paths(const ResourceType& type, Json& paths) {
  const Json one = {{"$ref", "#/components/schemas/" + schema_name(type)}};
  const Json many = {{"$ref", "#/components/schemas/" + schema_name(type) + "List"}};
  const std::vector<std::string> json = {"application/json", "application/yaml"};
  const std::string base = collection_path(type);
  if (type.create_only) {
    paths[base] = {{"post", operation(type, "post", one, json)}};
    return;
  }
  paths[base] = {{"get", operation(type, "list", many, {})},
                 {"post", operation(type, "post", one, json)},
                 {"delete", operation(type, "deletecollection", many, {})}};
  const Json item = {{"get", operation(type, "get", one, {})},
                     {"put", operation(type, "put", one, json)},
                     {"patch", operation(type, "patch", one, patch_types(type))},
                     {"delete", operation(type, "delete", one, {})}};
  paths[base + "/{name}"] = item;
  if (type.has_status) {
    paths[base + "/{name}/status"] = item;
    paths[base + "/{name}/status"].erase("delete");
  }
}

Json v3_document(const std::vector<TypePtr>& types) {
  Json paths = Json::object();
  Json schemas = {{kMetaSchema, object_meta_schema()}, {kListMetaSchema, list_meta_schema()}};
  for (const TypePtr& type : types) {
    add_paths(*type, paths);
    schemas[schema_name(*type)] = kind_schema(*type, "#/components/schemas/");
    if (type->create_only) continue;
    schemas[schema_name(*type) + "List"] = list_schema(*type, "#/components/schemas/");
  }
  return {{"openapi", "3.0.0"},
          {"info", {{"title", "Charter"}, {"version", "v1"}}},
          {"paths", std::move(paths)},
          {"components", {{"schemas", std::move(schemas)}}}};
}

/// Asked for as …spec.v2@v1.0+protobuf, which no Content-Type may contain.
std::string v2_type(std::string_view accept) {
  if (accept.empty()) return std::string(kJson);
  while (!accept.empty()) {
    const size_t comma = std::min(accept.find(','), accept.size());
    std::string type = bare_media_type(accept.substr(0, comma));
    accept.remove_prefix(std::min(comma + 1, accept.size()));
    if (type == "*/*" || type == "application/*" || type == kJson) return std::string(kJson);
    std::replace(type.begin(), type.end(), '@', '.');
    if (type == kV2Protobuf) return type;
  }
  return {};
}

std::string document_path(const Gvr& gvr) {
  return gvr.group.empty() ? "api/" + gvr.version : "apis/" + gvr.group + "/" + gvr.version;
}

}  // namespace

std::shared_ptr<const OpenApi::Document> OpenApi::make(std::string type, std::string body) {
  auto document = std::make_shared<Document>();
  document->type = std::move(type);
  document->hash = sha256_hex(body);
  document->body = std::move(body);
  return document;
}

void OpenApi::refresh(const KindTable& kinds) {
  if (epoch_ == kinds.epoch()) return;
  epoch_ = kinds.epoch();
  by_path_.clear();
  v2_.clear();
  std::map<std::string, std::vector<TypePtr>> groups;
  for (const TypePtr& type : kinds.all()) groups[document_path(type->gvr)].push_back(type);
  Json index = {{"paths", Json::object()}};
  for (const auto& [path, types] : groups) {
    auto document = make(std::string(kJson), encode(v3_document(types)));
    index["paths"][path] = {{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + document->hash}};
    by_path_[path] = std::move(document);
  }
  index_ = make("text/plain; charset=utf-8", encode(index));
}

std::shared_ptr<const OpenApi::Document> OpenApi::find_v2(const KindTable& kinds,
                                                          const std::string& type) {
  auto& kept = v2_[type];
  if (kept) return kept;
  const Json tree = openapi_v2_document(kinds);
  auto document = std::make_shared<Document>(
      *make(type, type == kV2Protobuf ? encode_openapi_v2(tree) : encode(tree)));
  document->compressed = gzip(document->body);
  kept = std::move(document);
  return kept;
}

Result<std::shared_ptr<const OpenApi::Document>> OpenApi::find(const KindTable& kinds,
                                                               std::string_view path,
                                                               std::string_view accept) {
  constexpr std::string_view kV3 = "/openapi/v3/";
  const std::lock_guard lock(mutex_);
  refresh(kinds);
  if (path == "/openapi/v2") {
    const std::string type = v2_type(accept);
    if (!type.empty()) return find_v2(kinds, type);
    return Error{Code::NotAcceptable,
                 "only the following media types are accepted: application/json, " +
                     std::string(kV2Protobuf)};
  }
  if (path == "/openapi/v3" || path == kV3) return index_;
  if (!path.starts_with(kV3)) return std::shared_ptr<const Document>();
  if (v2_type(accept) != kJson) {
    return Error{Code::NotAcceptable,
                 "only the following media types are accepted: application/json"};
  }
  const auto found = by_path_.find(std::string(path.substr(kV3.size())));
  return found == by_path_.end() ? std::shared_ptr<const Document>() : found->second;
}

HttpResponse OpenApi::respond(const std::shared_ptr<const KindTable>& kinds, const Route& route, const HttpRequest& request) {
  const auto found = find(*kinds, route.rest, request.header("accept"));
  if (!found) return status_response(found.error());
  const std::shared_ptr<const Document>& document = *found;
  if (!document) return no_such_page();
  const std::string etag = "\"" + document->hash + "\"";
  HttpResponse response;
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Vary", "Accept-Encoding, Accept");
  if (route.param("hash") == document->hash) {
    response.headers.emplace_back("Cache-Control", "public, immutable");
  }
  if (request.header("if-none-match") == etag) {
    response.status = 304;
    return response;
  }
  response.headers.emplace_back("Content-Type", document->type);
  if (!document->compressed.empty() && accepts_gzip(request.header("accept-encoding"))) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body.push_back({document, document->compressed});
  } else {
    response.body.push_back({document, document->body});
  }
  return response;
}

}  // namespace charter
