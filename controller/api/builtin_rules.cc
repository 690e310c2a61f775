#include "controller/api/builtin_rules.h"

#include "controller/api/rbac_validate.h"
#include "controller/api/rule_cache.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/conditions.h"
#include "controller/object/definition.h"
#include "controller/object/labels.h"
#include "controller/webhooks/webhook_rules.h"
#include "controller/webhooks/webhooks.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

constexpr const char* kNamespaceFinalizer = "kubernetes";
constexpr const char* kCleanup = "customresourcecleanup.apiextensions.k8s.io";

bool is(const ResourceType& type, std::string_view group, std::string_view resource) {
  return type.builtin && type.gvr.group == group && type.gvr.resource == resource;
}

std::string base64(std::string_view in) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < in.size(); i += 3) {
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (i + k < in.size() ? static_cast<unsigned char>(in[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += i + k <= in.size() ? kAlphabet[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

void complete_namespace(Json& object, const Json* before) {
  Json& metadata = object["metadata"];
  metadata["labels"]["kubernetes.io/metadata.name"] = metadata.value("name", "");
  if (before) return;
  Json& finalizers = object["spec"]["finalizers"];
  if (!finalizers.is_array()) finalizers = Json::array();
  if (std::find(finalizers.begin(), finalizers.end(), Json(kNamespaceFinalizer)) ==
      finalizers.end()) {
    finalizers.push_back(kNamespaceFinalizer);
  }
  object["status"]["phase"] = "Active";
}

void complete_secret(Json& object) {
  const auto text = object.find("stringData");
  if (text == object.end()) return;
  if (text->is_object()) {
    for (const auto& [key, value] : text->items()) {
      if (value.is_string()) object["data"][key] = base64(value.get_ref<const std::string&>());
    }
  }
  object.erase("stringData");
}

/// The names are accepted and the kind is served as soon as the write is durable, so the status says so at once.
void complete_definition_status(Json& object, const Json* before, const ApiParts& parts) {
  const Json& spec = object["spec"];
  if (!spec.is_object() || !spec.contains("names") || !spec.contains("versions")) return;
  complete_definition(object);
  Json& status = object["status"];
  if (!status.is_object() || !before) status = Json::object();
  status["acceptedNames"] = spec["names"];
  // Who has migrated all objects takes an old version out, through /status.
  Json stored = status.value("storedVersions", Json::array());
  if (!stored.is_array()) return;  // validation says so
  for (const Json& version : spec["versions"]) {
    if (!version.is_object() || !flag_at(version, {"storage"}, false)) continue;
    const Json name = version.value("name", "");
    if (std::find(stored.begin(), stored.end(), name) == stored.end()) stored.push_back(name);
  }
  status["storedVersions"] = std::move(stored);
  const Instant now = parts.clock.now();
  if (!find_condition(object, "Established")) {
    set_condition(status, {"NamesAccepted", "True", "NoConflicts", "no conflicts found"}, now);
    set_condition(
        status,
        {"Established", "True", "InitialNamesAccepted", "the initial names have been accepted"},
        now);
  }
}

/// A version that objects may still be stored in has to stay.
void check_stored_versions(const Json& object, std::vector<Cause>& causes) {
  const Json* stored = at(object, {"status", "storedVersions"});
  const Json* versions = at(object, {"spec", "versions"});
  if (!stored || !versions || !stored->is_array() || !versions->is_array()) return;
  for (size_t i = 0; i < stored->size(); ++i) {
    const Json& name = (*stored)[i];
    const bool kept = std::any_of(versions->begin(), versions->end(), [&](const Json& version) {
      return version.is_object() && version.value("name", Json()) == name;
    });
    if (kept || !name.is_string()) continue;
    const std::string word = name.get<std::string>();
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + encode(name) + ": missing from spec.versions; " + word +
                          " was previously a storage version, and must remain in spec.versions until a storage migration ensures no data "
                          "remains persisted in " + word + " and removes " + word + " from status.storedVersions",
                      "status.storedVersions[" + std::to_string(i) + "]"});
  }
}

/// A namespace's own finalizers, which are written on create and through /finalize.
void check_namespace_finalizers(const Json& object, std::vector<Cause>& causes) {
  const Json* finalizers = at(object, {"spec", "finalizers"});
  if (!finalizers || !finalizers->is_array()) return;
  if (finalizers->size() > limits::kFinalizersMax) {
    causes.push_back({"FieldValueTooMany",
                      "Too many: " + std::to_string(finalizers->size()) + ": must have at most " +
                          std::to_string(limits::kFinalizersMax) + " items",
                      "spec.finalizers"});
    return;
  }
  for (size_t i = 0; i < finalizers->size(); ++i) {
    const Json& name = (*finalizers)[i];
    const std::string text = name.is_string() ? name.get<std::string>() : std::string();
    std::string problem = qualified_name_problem(text);
    const bool standard =
        text == kNamespaceFinalizer || text == "orphan" || text == "foregroundDeletion";
    if (problem.empty() && !standard && text.find('/') == std::string::npos) {
      problem = "name is neither a standard finalizer name nor is it fully qualified";
    }
    if (problem.empty()) continue;
    causes.push_back({"FieldValueInvalid", "Invalid value: " + encode(name) + ": " + problem,
                      "spec.finalizers[" + std::to_string(i) + "]"});
  }
}

void check_immutable(const Json& object, const Json& before, std::vector<Cause>& causes) {
  if (!flag_at(before, {"immutable"}, false)) return;
  const auto refuse = [&](const char* field) {
    causes.push_back({"FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", field});
  };
  if (!flag_at(object, {"immutable"}, false)) refuse("immutable");
  for (const char* field : {"data", "binaryData"}) {
    if (object.value(field, Json()) != before.value(field, Json())) refuse(field);
  }
}

void check_definition(Json& object, const Json* before, std::vector<Cause>& causes) {
  validate_definition(object, causes);
  if (causes.empty()) check_rules(object, before, causes);
  check_stored_versions(object, causes);
  if (!before) return;
  for (const char* field : {"group", "scope"}) {
    if (text_at(object, {"spec", field}) != text_at(*before, {"spec", field})) {
      causes.push_back({"FieldValueInvalid",
                        "Invalid value: \"" + text_at(object, {"spec", field}) + "\": field is immutable",
                        std::string("spec.") + field});
    }
  }
}

}  // namespace

Status complete_builtin(const ResourceType& type, Json& object, const Json* before, const ApiParts& parts) {
  if (is(type, "", "namespaces")) complete_namespace(object, before);
  if (is(type, "", "secrets")) complete_secret(object);
  if (is(type, "", "events") && !before) {
    for (const char* field : {"firstTimestamp", "lastTimestamp", "eventTime"}) {
      if (!object.contains(field)) object[field] = nullptr;
    }
  }
  if (is(type, "apiextensions.k8s.io", "customresourcedefinitions")) complete_definition_status(object, before, parts);
  if (is_rbac_kind(type)) complete_rbac(type, object);
  return {};
}

void check_builtin(const ResourceType& type, Json& object, const Json* before, std::vector<Cause>& causes) {
  const bool holder = is(type, "", "secrets") || is(type, "", "configmaps");
  if (holder && before) check_immutable(object, *before, causes);
  if (is(type, "", "secrets") && before && object.value("type", "") != before->value("type", "")) {
    causes.push_back({"FieldValueInvalid", "Invalid value: \"" + object.value("type", "") + "\": field is immutable", "type"});
  }
  if (is(type, "", "namespaces")) check_namespace_finalizers(object, causes);
  if (is(type, "apiextensions.k8s.io", "customresourcedefinitions")) check_definition(object, before, causes);
  if (is_rbac_kind(type)) check_rbac(type, object, before, causes);
  if (is_webhook_configuration(type)) check_webhook_configuration(object, causes);
}

bool has_finalize(const ResourceType& type) {
  return is(type, "", "namespaces");
}

bool has_token(const ResourceType& type) { return is(type, "", "serviceaccounts"); }

void keep_finalizers(const ResourceType& type, const Json& before, Json& next) {
  if (!has_finalize(type)) return;
  Json& spec = next["spec"];
  if (spec.is_null()) spec = Json::object();
  if (!spec.is_object()) return;  // the schema refuses it
  const Json* kept = at(before, {"spec", "finalizers"});
  if (kept) {
    spec["finalizers"] = *kept;
  } else {
    spec.erase("finalizers");
  }
}

Json finalized(const Json& before, const Json& next) {
  Json out = before;
  const Json* wanted = at(next, {"spec", "finalizers"});
  out["spec"]["finalizers"] = wanted ? *wanted : Json::array();
  return out;
}

bool holds_deletion(const ResourceType& type, const Json& object) {
  if (!is(type, "", "namespaces")) return false;
  const Json* finalizers = at(object, {"spec", "finalizers"});
  return finalizers && finalizers->is_array() && !finalizers->empty();
}

void begin_deletion(const ResourceType& type, Json& object) {
  if (is(type, "", "namespaces")) object["status"]["phase"] = "Terminating";
  if (is(type, "apiextensions.k8s.io", "customresourcedefinitions")) {
    Json& finalizers = object["metadata"]["finalizers"];
    if (!finalizers.is_array()) finalizers = Json::array();
    if (std::find(finalizers.begin(), finalizers.end(), Json(kCleanup)) == finalizers.end()) finalizers.push_back(kCleanup);
  }
}

bool marks_time_only(const ResourceType& type) {
  return is(type, "", "namespaces") ||
         is(type, "apiextensions.k8s.io", "customresourcedefinitions");
}

Status check_namespace(const ResourceType& type, const std::string& ns, const std::string& name, const View& view) {
  if (!type.namespaced) return {};
  const ObjectPtr found = view.get("/namespaces", {"", ns});
  if (!found) {
    return Error{Code::NotFound, "namespaces \"" + ns + "\" not found", {}, {}, Subject{"", "namespaces", ns, {}}};
  }
  if (!found->header().deleting) return {};
  Error error = forbidden(type, name, "unable to create new content in namespace " + ns + " because it is being terminated");
  error.causes = {{"NamespaceTerminating", "namespace " + ns + " is being terminated", "metadata.namespace"}};
  return error;
}

bool is_protected_namespace(std::string_view name) {
  return name == "default" || name == "kube-system" || name == "kube-public";
}

}  // namespace charter
