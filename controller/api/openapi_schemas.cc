#include "controller/api/openapi_schemas.h"

#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json string_map(const char* description) {
  return {{"type", "object"},
          {"description", description},
          {"additionalProperties", {{"type", "string"}}}};
}

}  // namespace

Json string_schema(const char* description) {
  return {{"type", "string"}, {"description", description}};
}

Json object_meta_schema() {
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
           {{"name", string_schema("Unique within a namespace.")},
            {"generateName", string_schema("Prefix for a generated name.")},
            {"namespace", string_schema("Scope of the name.")},
            {"labels", string_map("Keys and values to select by.")},
            {"annotations", string_map("Keys and values of tools.")},
            {"finalizers",
             {{"type", "array"},
              {"items", {{"type", "string"}}},
              {"x-kubernetes-list-type", "set"},
              {"x-kubernetes-patch-strategy", "merge"},
              {"description", "Must be empty before the object is removed."}}},
            {"ownerReferences",
             {{"type", "array"},
              {"items", owner},
              {"x-kubernetes-list-type", "map"},
              {"x-kubernetes-list-map-keys", {"uid"}},
              {"x-kubernetes-patch-merge-key", "uid"},
              {"x-kubernetes-patch-strategy", "merge"},
              {"description", "Objects this one depends on."}}},
            {"managedFields",
             {{"type", "array"},
              {"items", {{"type", "object"}}},
              {"x-kubernetes-list-type", "atomic"},
              {"description", "Which manager owns which field."}}},
            {"uid", string_schema("Set by the server.")},
            {"resourceVersion", string_schema("Changes with every write.")},
            {"generation",
             {{"type", "integer"},
              {"format", "int64"},
              {"description", "Changes with the desired state."}}},
            {"creationTimestamp", {{"type", "string"}, {"format", "date-time"}}},
            {"deletionTimestamp", {{"type", "string"}, {"format", "date-time"}}},
            {"deletionGracePeriodSeconds", {{"type", "integer"}, {"format", "int64"}}},
            {"selfLink", {{"type", "string"}}}}}};
}

Json list_meta_schema() {
  return {{"type", "object"},
          {"description", "Metadata of a list."},
          {"properties",
           {{"resourceVersion", {{"type", "string"}}},
            {"continue", {{"type", "string"}}},
            {"remainingItemCount", {{"type", "integer"}, {"format", "int64"}}}}}};
}

std::string schema_name(const ResourceType& type) {
  std::string rest = type.gvr.group;
  if (type.builtin) {
    // Go packages of Kubernetes, reversed.
    const std::string package = rest.substr(0, rest.find('.'));
    rest = package.empty() ? "core.api.k8s.io" : package + ".api.k8s.io";
    if (package == "apiextensions")
      return "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions." + type.gvr.version + "." +
             type.kind;
  }
  std::string out;
  while (!rest.empty()) {
    const size_t dot = rest.rfind('.');
    out += (dot == std::string::npos ? rest : rest.substr(dot + 1)) + ".";
    rest = dot == std::string::npos ? std::string() : rest.substr(0, dot);
  }
  return out + type.gvr.version + "." + type.kind;
}

Json schema_gvk(const ResourceType& type, const std::string& kind) {
  return {{"group", type.gvr.group}, {"kind", kind}, {"version", type.gvr.version}};
}

Json list_schema(const ResourceType& type, const std::string& ref_prefix) {
  return {{"type", "object"},
          {"description", type.list_kind + " is a list of " + type.kind + "."},
          {"required", {"items"}},
          {"properties",
           {{"apiVersion", {{"type", "string"}}},
            {"kind", {{"type", "string"}}},
            {"items", {{"type", "array"}, {"items", {{"$ref", ref_prefix + schema_name(type)}}}}},
            {"metadata", {{"$ref", ref_prefix + kListMetaSchema}}}}},
          {"x-kubernetes-group-version-kind", {schema_gvk(type, type.list_kind)}}};
}

std::string collection_path(const ResourceType& type) {
  const std::string base = type.gvr.group.empty()
                               ? "/api/v1"
                               : "/apis/" + api_version_of(type.gvr.group, type.gvr.version);
  return base + (type.namespaced ? "/namespaces/{namespace}/" : "/") + type.gvr.resource;
}

}  // namespace charter
