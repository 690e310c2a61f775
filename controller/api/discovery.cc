#include "controller/api/discovery.h"

#include "controller/api/builtin_rules.h"
#include "controller/api/media_type.h"
#include "controller/api/status_body.h"
#include "controller/base/base64.h"
#include "controller/object/digest.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

using TypePtr = std::shared_ptr<const ResourceType>;

const std::vector<std::string> kSubresourceVerbs = {"get", "patch", "update"};
const std::vector<std::string> kFinalizeVerbs = {"update"};
const std::vector<std::string> kReadVerbs = {"get"};

/// Names of the read-only subresources that a kind answers itself.
std::vector<std::string> documents_of(const HookTable& hooks, const ResourceType& type) {
  std::vector<std::string> names;
  const auto found = hooks.find(type.bucket());
  if (found == hooks.end()) return names;
  for (const auto& [name, read] : found->second.documents) names.push_back(name);
  return names;
}

Json strings_or_null(const std::vector<std::string>& list) { return list.empty() ? Json() : Json(list); }

void put_if(Json& object, const char* key, Json value) {
  if (!value.is_null()) object[key] = std::move(value);
}

/// The first 8 bytes of a digest of the version that is stored, as kube-apiserver makes it: storage migration compares the two.
std::string storage_hash(const KindTable& kinds, const ResourceType& type) {
  const ResourceType* stored = kinds.find_stored(type.bucket());
  const std::string& version = stored ? stored->gvr.version : type.gvr.version;
  const std::string hex = sha256_hex(type.gvr.group + "/" + version + "/" + type.kind);
  std::string bytes;
  for (size_t i = 0; i < 16; i += 2)
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return encode_base64(bytes);
}

const std::vector<std::string> kCreateVerbs = {"create"};
constexpr const char* kTokenRequest[] = {"authentication.k8s.io", "v1", "TokenRequest"};

const std::vector<std::string>& verbs_of(const ResourceType& type) {
  return type.create_only ? kCreateVerbs : resource_verbs();
}

// --- legacy -----------------------------------------------------------------------------------------

Json legacy_resource(const KindTable& kinds, const ResourceType& type) {
  Json out = {{"name", type.gvr.resource},         {"singularName", type.singular}, {"namespaced", type.namespaced},
              {"kind", type.kind},                 {"verbs", verbs_of(type)}};
  if (!type.create_only) out["storageVersionHash"] = storage_hash(kinds, type);
  put_if(out, "shortNames", strings_or_null(type.short_names));
  put_if(out, "categories", strings_or_null(type.categories));
  return out;
}

Json legacy_subresource(const ResourceType& type, const std::string& name,
                        const std::vector<std::string>& verbs = kSubresourceVerbs) {
  Json out = {{"name", type.gvr.resource + "/" + name},
              {"singularName", ""},
              {"namespaced", type.namespaced},
              {"kind", type.kind},
              {"verbs", verbs}};
  if (name == "scale") out.update({{"group", "autoscaling"}, {"version", "v1"}, {"kind", "Scale"}});
  return out;
}

Json token_subresource(const ResourceType& type) {
  Json out = legacy_subresource(type, "token", kCreateVerbs);
  out.update({{"group", kTokenRequest[0]}, {"version", kTokenRequest[1]}, {"kind", kTokenRequest[2]}});
  return out;
}

Json resource_list(const KindTable& kinds, const HookTable& hooks, const std::string& group, const std::string& version) {
  Json resources = Json::array();
  for (const TypePtr& type : kinds.all()) {
    if (type->gvr.group != group || type->gvr.version != version) continue;
    resources.push_back(legacy_resource(kinds, *type));
    if (type->has_status) resources.push_back(legacy_subresource(*type, "status"));
    if (type->scale) resources.push_back(legacy_subresource(*type, "scale"));
    if (has_token(*type)) resources.push_back(token_subresource(*type));
    if (has_finalize(*type))
      resources.push_back(legacy_subresource(*type, "finalize", kFinalizeVerbs));
    for (const auto& name : documents_of(hooks, *type))
      resources.push_back(legacy_subresource(*type, name, kReadVerbs));
  }
  if (resources.empty()) return Json();
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", api_version_of(group, version)},
          {"resources", std::move(resources)}};
}

Json group_document(const KindTable& kinds, const std::string& group) {
  Json versions = Json::array();
  for (const TypePtr& type : kinds.all()) {
    if (type->gvr.group != group) continue;
    Json entry = {{"groupVersion", api_version_of(group, type->gvr.version)}, {"version", type->gvr.version}};
    if (std::find(versions.begin(), versions.end(), entry) == versions.end()) versions.push_back(std::move(entry));
  }
  if (versions.empty()) return Json();
  Json preferred = versions.front();
  return {{"name", group}, {"versions", std::move(versions)}, {"preferredVersion", std::move(preferred)}};
}

std::vector<std::string> group_names(const KindTable& kinds) {
  std::vector<std::string> names;
  for (const TypePtr& type : kinds.all()) {
    const std::string& group = type->gvr.group;
    if (!group.empty() && std::find(names.begin(), names.end(), group) == names.end()) names.push_back(group);
  }
  return names;
}

Json group_list(const KindTable& kinds) {
  Json groups = Json::array();
  for (const std::string& name : group_names(kinds)) groups.push_back(group_document(kinds, name));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(groups)}};
}

// --- aggregated -------------------------------------------------------------------------------------

Json response_kind(const std::string& group, const std::string& version, const std::string& kind) {
  return {{"group", group}, {"version", version}, {"kind", kind}};
}

Json aggregated_resource(const HookTable& hooks, const ResourceType& type) {
  const Gvr& gvr = type.gvr;
  Json out = {{"resource", gvr.resource},
              {"responseKind", response_kind(gvr.group, gvr.version, type.kind)},
              {"scope", type.namespaced ? "Namespaced" : "Cluster"},
              {"singularResource", type.singular},
              {"verbs", verbs_of(type)}};
  put_if(out, "shortNames", strings_or_null(type.short_names));
  put_if(out, "categories", strings_or_null(type.categories));
  const auto add = [&](const std::string& name, Json kind, const std::vector<std::string>& verbs) {
    out["subresources"].push_back(
        {{"subresource", name}, {"responseKind", std::move(kind)}, {"verbs", verbs}});
  };
  const Json kind = response_kind(gvr.group, gvr.version, type.kind);
  if (has_finalize(type)) add("finalize", kind, kFinalizeVerbs);
  if (type.has_status) add("status", kind, kSubresourceVerbs);
  if (type.scale) add("scale", response_kind("autoscaling", "v1", "Scale"), kSubresourceVerbs);
  if (has_token(type)) add("token", response_kind(kTokenRequest[0], kTokenRequest[1], kTokenRequest[2]), kCreateVerbs);
  for (const auto& name : documents_of(hooks, type)) add(name, kind, kReadVerbs);
  return out;
}

Json aggregated_group(const KindTable& kinds, const HookTable& hooks, const std::string& group) {
  Json versions = Json::array();
  for (const TypePtr& type : kinds.all()) {
    if (type->gvr.group != group) continue;
    if (versions.empty() || versions.back()["version"] != type->gvr.version) {
      const bool known = std::any_of(versions.begin(), versions.end(),
                                     [&](const Json& v) { return v["version"] == type->gvr.version; });
      if (!known) versions.push_back({{"version", type->gvr.version}, {"resources", Json::array()}, {"freshness", "Current"}});
    }
    for (Json& version : versions) {
      if (version["version"] == type->gvr.version) version["resources"].push_back(aggregated_resource(hooks, *type));
    }
  }
  Json metadata = Json::object();
  if (!group.empty()) metadata["name"] = group;
  return {{"metadata", std::move(metadata)}, {"versions", std::move(versions)}};
}

HttpResponse aggregated_response(const KindTable& kinds, const HookTable& hooks, const Route& route,
                                 const HttpRequest& request, const std::string& version) {
  Json items = Json::array();
  if (route.place == Route::Place::Api) {
    items.push_back(aggregated_group(kinds, hooks, ""));
  } else {
    for (const std::string& name : group_names(kinds)) items.push_back(aggregated_group(kinds, hooks, name));
  }
  const Json document = {{"kind", "APIGroupDiscoveryList"},
                         {"apiVersion", "apidiscovery.k8s.io/" + version},
                         {"metadata", Json::object()},
                         {"items", std::move(items)}};
  const std::string body = encode(document);
  const std::string etag = "\"" + sha256_hex(body) + "\"";
  // The content type must be exactly this: it is how clients know that they got the aggregated document.
  HttpResponse response = HttpResponse::text(
      200, "application/json;g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList", body);
  if (request.header("if-none-match") == etag) {
    response = HttpResponse();  // of what the client has, only the validators are told again
    response.status = 304;
  }
  response.headers.emplace_back("ETag", etag);
  response.headers.emplace_back("Vary", "Accept");
  response.headers.emplace_back("Cache-Control", "public");
  return response;
}

}  // namespace

const std::vector<std::string>& resource_verbs() {
  static const std::vector<std::string> kVerbs = {"delete", "deletecollection", "get",    "list",
                                                  "patch",  "create",           "update", "watch"};
  return kVerbs;
}

HttpResponse discovery_response(const KindTable& kinds, const HookTable& hooks, const Route& route,
                                const HttpRequest& request) {
  const bool root = route.place == Route::Place::Api || route.place == Route::Place::Apis;
  std::string version;
  if (root && wants_aggregated_discovery(request.header("accept"), version)) {
    return aggregated_response(kinds, hooks, route, request, version);
  }
  Json document;
  if (route.place == Route::Place::Api) {
    document = {{"kind", "APIVersions"},
                {"versions", {"v1"}},
                {"serverAddressByClientCIDRs",
                 {{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", std::string(request.header("host"))}}}}};
  } else if (route.place == Route::Place::Apis) {
    document = group_list(kinds);
  } else if (route.place == Route::Place::Group) {
    document = group_document(kinds, route.group);
    if (!document.is_null()) document.update({{"kind", "APIGroup"}, {"apiVersion", "v1"}});
  } else {
    document = resource_list(kinds, hooks, route.group, route.version);
  }
  if (document.is_null()) return no_such_page();
  return HttpResponse::text(200, "application/json", encode(document) + "\n");
}

}  // namespace charter
