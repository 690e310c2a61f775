#pragma once

#include "controller/object/kind_registry.h"

#include <string>

// Parts that the OpenAPI documents of both versions are made of. Internal to openapi*.cc. Pure.
namespace charter {

constexpr const char* kMetaSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
constexpr const char* kListMetaSchema = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// Schema of metadata: short on purpose, see openapi.h.
Json object_meta_schema();
/// Schema of a list's metadata.
Json list_meta_schema();

/// "dev.charter.v1alpha1.Contract": reversed group, version and kind, as kube-apiserver names
/// schemas of custom resources; "io.k8s.api.core.v1.Secret" for built-in ones.
std::string schema_name(const ResourceType& type);

/// The value of x-kubernetes-group-version-kind for `kind` in the group and version of `type`.
Json schema_gvk(const ResourceType& type, const std::string& kind);

/// {"type": "string"} with a description.
Json string_schema(const char* description);

/// Schema of the list of `type`; `ref_prefix` is where this document keeps its schemas.
Json list_schema(const ResourceType& type, const std::string& ref_prefix);

/// "/apis/charter.dev/v1alpha1/namespaces/{namespace}/contracts".
std::string collection_path(const ResourceType& type);

/// The OpenAPI v2 document of all kinds. What v2 can't say (nullable, int-or-string, combinations)
/// is left open rather than said wrongly, as kube-apiserver does for custom resources: clients
/// validate with it.
Json openapi_v2_document(const KindTable& kinds);

}  // namespace charter
