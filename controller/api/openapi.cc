#include "controller/api/openapi.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "controller/api/media_type.h"
#include "controller/api/status_body.h"
#include "controller/object/digest.h"

namespace charter {
namespace {

using TypePtr = std::shared_ptr<const ResourceType>;
constexpr const char* kMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr const char* kListMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

Json string_map(const char* description) {
  return {{"type", "object"}, {"description", description}, {"additionalProperties", {{"type", "string"}}}};
}

Json text(const char* description) { return {{"type", "string"}, {"description", description}}; }

Json object_meta() {
  const Json owner = {{"type", "object"},
                      {"required", {"apiVersion", "kind", "name", "uid"}},
                      {"properties",
                       {{"apiVersion", {{"type", "string"}}},
                        {"kind", {{"type", "string"}}},
                        {"name", {{"type", "string"}}},
                        {"uid", {{"type", "string"}}},
                        {"controller", {{"type", "boolean"}}},
                        {"blockOwnerDeletion", {{"type", "boolean"}}}}}};
  return {{"type", "object"},
          {"description", "Standard object metadata."},
          {"properties",
           {{"name", text("Unique within a namespace.")},
            {"generateName", text("Prefix for a generated name.")},
            {"namespace", text("Scope of the name.")},
            {"labels", string_map("Keys and values to select by.")},
            {"annotations", string_map("Keys and values of tools.")},
            {"finalizers",
             {{"type", "array"}, {"items", {{"type", "string"}}}, {"x-kubernetes-list-type", "set"},
              {"x-kubernetes-patch-strategy", "merge"}, {"description", "Must be empty before the object is removed."}}},
            {"ownerReferences",
             {{"type", "array"}, {"items", owner}, {"x-kubernetes-list-type", "map"},
              {"x-kubernetes-list-map-keys", {"uid"}}, {"x-kubernetes-patch-merge-key", "uid"},
              {"x-kubernetes-patch-strategy", "merge"}, {"description", "Objects this one depends on."}}},
            {"managedFields",
             {{"type", "array"}, {"items", {{"type", "object"}}}, {"x-kubernetes-list-type", "atomic"},
              {"description", "Which manager owns which field."}}},
            {"uid", text("Set by the server.")},
            {"resourceVersion", text("Changes with every write.")},
            {"generation", {{"type", "integer"}, {"format", "int64"}, {"description", "Changes with the desired state."}}},
            {"creationTimestamp", {{"type", "string"}, {"format", "date-time"}}},
            {"deletionTimestamp", {{"type", "string"}, {"format", "date-time"}}},
            {"deletionGracePeriodSeconds", {{"type", "integer"}, {"format", "int64"}}},
            {"selfLink", {{"type", "string"}}}}}};
}

Json list_meta() {
  return {{"type", "object"},
          {"description", "Metadata of a list."},
          {"properties",
           {{"resourceVersion", {{"type", "string"}}},
            {"continue", {{"type", "string"}}},
            {"remainingItemCount", {{"type", "integer"}, {"format", "int64"}}}}}};
}

/// "dev.charter.v1alpha1.Contract": reversed group, version, kind, as kube-apiserver names schemas of custom resources.
std::string schema_name(const ResourceType& type) {
  std::string out;
  std::string rest = type.gvr.group.empty() ? "api.k8s.io" : type.gvr.group;
  while (!rest.empty()) {
    const size_t dot = rest.rfind('.');
    out += (dot == std::string::npos ? rest : rest.substr(dot + 1)) + ".";
    rest = dot == std::string::npos ? std::string() : rest.substr(0, dot);
  }
  return out + type.gvr.version + "." + type.kind;
}

Json gvk(const ResourceType& type, const std::string& kind) {
  return {{"group", type.gvr.group}, {"kind", kind}, {"version", type.gvr.version}};
}

/// OpenAPI knows no int-or-string and no nullable type arrays: the extensions stay, the rest passes through.
Json kind_schema(const ResourceType& type, const std::string& ref_prefix) {
  Json schema = type.schema->source();
  if (!schema.is_object()) schema = Json::object();
  schema["type"] = "object";
  schema["x-kubernetes-group-version-kind"] = {gvk(type, type.kind)};
  Json& properties = schema["properties"];
  if (!properties.is_object()) properties = Json::object();
  properties["apiVersion"] = text("Group and version of this representation.");
  properties["kind"] = text("Kind of this object.");
  properties["metadata"] = {{"description", "Standard object metadata."}, {"allOf", {{{"$ref", ref_prefix + kMetaName}}}}};
  return schema;
}

Json list_schema(const ResourceType& type, const std::string& ref_prefix) {
  return {{"type", "object"},
          {"description", type.list_kind + " is a list of " + type.kind + "."},
          {"required", {"items"}},
          {"properties",
           {{"apiVersion", {{"type", "string"}}},
            {"kind", {{"type", "string"}}},
            {"items", {{"type", "array"}, {"items", {{"$ref", ref_prefix + schema_name(type)}}}}},
            {"metadata", {{"$ref", ref_prefix + kListMetaName}}}}},
          {"x-kubernetes-group-version-kind", {gvk(type, type.list_kind)}}};
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
  Json out = {{"responses", {{"200", {{"description", "OK"}, {"content", media({"application/json"}, schema)}}}}},
              {"x-kubernetes-action", action},
              {"x-kubernetes-group-version-kind", gvk(type, type.kind)}};
  if (bodies.empty()) return out;
  out["parameters"] = write_parameters();
  const bool patch = std::string_view(action) == "patch";
  out["requestBody"] = {{"content", media(bodies, patch ? Json({{"type", "object"}}) : schema)}};
  if (patch) out["parameters"].push_back(query_parameter("force"));
  return out;
}

std::string collection_path(const ResourceType& type) {
  const std::string base = type.gvr.group.empty() ? "/api/v1" : "/apis/" + api_version_of(type.gvr.group, type.gvr.version);
  return base + (type.namespaced ? "/namespaces/{namespace}/" : "/") + type.gvr.resource;
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
  Json schemas = {{kMetaName, object_meta()}, {kListMetaName, list_meta()}};
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

Json v2_document(const KindTable& kinds) {
  Json definitions = {{kMetaName, object_meta()}, {kListMetaName, list_meta()}};
  Json paths = Json::object();
  for (const TypePtr& type : kinds.all()) {
    definitions[schema_name(*type)] = kind_schema(*type, "#/definitions/");
    if (type->create_only) continue;
    definitions[schema_name(*type) + "List"] = list_schema(*type, "#/definitions/");
    const std::string path = collection_path(*type) + "/{name}";
    const Json schema = {{"$ref", "#/definitions/" + schema_name(*type)}};
    for (const char* verb : {"get", "put", "patch"}) {
      paths[path][verb] = {{"responses", {{"200", {{"description", "OK"}, {"schema", schema}}}}},
                           {"x-kubernetes-action", verb},
                           {"x-kubernetes-group-version-kind", gvk(*type, type->kind)}};
    }
  }
  return {{"swagger", "2.0"},
          {"info", {{"title", "Charter"}, {"version", "v1"}}},
          {"paths", std::move(paths)},
          {"definitions", std::move(definitions)}};
}

std::string document_path(const Gvr& gvr) {
  return gvr.group.empty() ? "api/" + gvr.version : "apis/" + gvr.group + "/" + gvr.version;
}

}  // namespace

void OpenApi::refresh(const KindTable& kinds) {
  if (epoch_ == kinds.epoch()) return;
  epoch_ = kinds.epoch();
  by_path_.clear();
  v2_.reset();
  std::map<std::string, std::vector<TypePtr>> groups;
  for (const TypePtr& type : kinds.all()) groups[document_path(type->gvr)].push_back(type);
  Json index = {{"paths", Json::object()}};
  for (const auto& [path, types] : groups) {
    auto document = std::make_shared<Document>();
    document->body = encode(v3_document(types));
    document->hash = sha256_hex(document->body);
    index["paths"][path] = {{"serverRelativeURL", "/openapi/v3/" + path + "?hash=" + document->hash}};
    by_path_[path] = std::move(document);
  }
  auto document = std::make_shared<Document>();
  document->body = encode(index);
  document->hash = sha256_hex(document->body);
  index_ = std::move(document);
}

HttpResponse OpenApi::respond(const std::shared_ptr<const KindTable>& kinds, const Route& route, const HttpRequest& request) {
  std::shared_ptr<const Document> document;
  std::string type = "application/json";
  {
    const std::lock_guard lock(mutex_);
    refresh(*kinds);
    if (route.rest == "/openapi/v3" || route.rest == "/openapi/v3/") {
      document = index_;
      type = "text/plain; charset=utf-8";
    } else if (route.rest.starts_with("/openapi/v3/")) {
      const auto found = by_path_.find(route.rest.substr(std::string_view("/openapi/v3/").size()));
      if (found != by_path_.end()) document = found->second;
    } else if (route.rest == "/openapi/v2") {
      const std::string_view accept = request.header("accept");
      if (!accept.empty() && !negotiate(accept)) {
        return status_response({Code::NotAcceptable, "only the following media types are accepted: application/json"});
      }
      if (!v2_) {
        auto made = std::make_shared<Document>();
        made->body = encode(v2_document(*kinds));
        made->hash = sha256_hex(made->body);
        v2_ = std::move(made);
      }
      document = v2_;
    }
  }
  if (!document) return no_such_page();
  const std::string etag = "\"" + document->hash + "\"";
  HttpResponse response;
  response.headers.emplace_back("Content-Type", type);
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Vary", "Accept");
  if (route.param("hash") == document->hash) {
    response.headers.emplace_back("Cache-Control", "public, immutable");
  }
  if (request.header("if-none-match") == etag) {
    response.status = 304;
  } else {
    response.body.push_back({document, document->body});
  }
  return response;
}

}  // namespace charter
