#include "controller/api/meta_rules.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "controller/api/rbac_validate.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/object/labels.h"

namespace charter {
namespace {

constexpr const char* kServerOwned[] = {"uid",       "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
                                        "generation", "selfLink"};

std::string quoted(const std::string& text) { return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace); }

Cause invalid_value(const std::string& field, const std::string& value, const std::string& why) {
  return {"FieldValueInvalid", "Invalid value: " + quoted(value) + ": " + why, field};
}

/// Namespaces are DNS labels, roles and bindings what a path may hold, everything else a subdomain.
std::string name_problem(const ResourceType& type, const std::string& name) {
  if (is_rbac_kind(type)) return rbac_name_problem(name);
  return type.builtin && type.gvr.resource == "namespaces" ? dns_label_problem(name) : subdomain_problem(name);
}

void check_pairs(const Json& metadata, const char* member, bool values_are_labels, std::vector<Cause>& causes) {
  const auto found = metadata.find(member);
  if (found == metadata.end() || !found->is_object()) return;
  const std::string field = std::string("metadata.") + member;
  size_t bytes = 0;
  for (const auto& [key, value] : found->items()) {
    if (causes.size() >= limits::kCausesMax) return;
    const std::string text = value.is_string() ? value.get<std::string>() : std::string();
    bytes += key.size() + text.size();
    const std::string key_problem = qualified_name_problem(key);
    if (!key_problem.empty()) causes.push_back(invalid_value(field, key, key_problem));
    const std::string value_problem = values_are_labels ? label_value_problem(text) : std::string();
    if (!value_problem.empty()) causes.push_back(invalid_value(field, text, value_problem));
  }
  if (values_are_labels && found->size() > limits::kLabelsMax) {
    causes.push_back({"FieldValueTooMany", "Too many: " + std::to_string(found->size()) + ": must have at most " +
                                               std::to_string(limits::kLabelsMax) + " items", field});
  }
  if (!values_are_labels && bytes > limits::kAnnotationsBytesMax) {
    causes.push_back({"FieldValueTooLong",
                      "Too long: may not be more than " + std::to_string(limits::kAnnotationsBytesMax) + " bytes", field});
  }
}

void check_owners(const Json& metadata, std::vector<Cause>& causes) {
  const auto owners = metadata.find("ownerReferences");
  if (owners == metadata.end() || !owners->is_array()) return;
  if (owners->size() > limits::kOwnersMax) {
    causes.push_back({"FieldValueTooMany", "Too many: " + std::to_string(owners->size()) + ": must have at most " +
                                               std::to_string(limits::kOwnersMax) + " items", "metadata.ownerReferences"});
  }
  int controllers = 0;
  for (const Json& owner : *owners) {
    for (const char* member : {"apiVersion", "kind", "name", "uid"}) {
      if (text_at(owner, {member}).empty()) {
        causes.push_back(invalid_value(std::string("metadata.ownerReferences.") + member, "", "must not be empty"));
      }
    }
    if (flag_at(owner, {"controller"}, false)) ++controllers;
  }
  if (controllers > 1) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: Only one reference can have Controller set to true. Found \"true\" in references",
                      "metadata.ownerReferences"});
  }
}

std::vector<std::string> finalizers_of(const Json* object) {
  return object ? read_meta(*object).finalizers : std::vector<std::string>{};
}

void check_finalizers(const Json& object, const Json* before, std::vector<Cause>& causes,
                      std::vector<std::string>& warnings) {
  const std::vector<std::string> now = finalizers_of(&object);
  const std::vector<std::string> old = finalizers_of(before);
  if (now.size() > limits::kFinalizersMax) {
    causes.push_back({"FieldValueTooMany", "Too many: " + std::to_string(now.size()) + ": must have at most " +
                                               std::to_string(limits::kFinalizersMax) + " items", "metadata.finalizers"});
  }
  const bool deleting = before && !text_at(*before, {"metadata", "deletionTimestamp"}).empty();
  std::string added;
  for (const std::string& name : now) {
    const bool standard = name == "orphan" || name == "foregroundDeletion" || name == "kubernetes";
    const std::string problem = qualified_name_problem(name);
    if (!problem.empty()) causes.push_back(invalid_value("metadata.finalizers", name, problem));
    const bool is_new = std::find(old.begin(), old.end(), name) == old.end();
    if (is_new && !standard && problem.empty() && name.find('/') == std::string::npos) {
      warnings.push_back("metadata.finalizers: " + quoted(name) +
                         ": prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers");
    }
    if (is_new && deleting) added += (added.empty() ? "" : ", ") + quoted(name);
  }
  if (!added.empty()) {
    causes.push_back({"FieldValueForbidden",
                      "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{" +
                          added + "}",
                      "metadata.finalizers"});
  }
}

Json without_bookkeeping(const Json& object) {
  Json copy = object;
  auto metadata = copy.find("metadata");
  if (metadata == copy.end() || !metadata->is_object()) return copy;
  metadata->erase("resourceVersion");
  auto managed = metadata->find("managedFields");
  if (managed != metadata->end() && managed->is_array()) {
    for (Json& entry : *managed) {
      if (entry.is_object()) entry.erase("time");
    }
  }
  return copy;
}

Status check_identity(const ResourceType& type, const Json& before, const Json& next) {
  const std::string name = text_at(before, {"metadata", "name"});
  const std::string uid = text_at(next, {"metadata", "uid"});
  const std::string current = text_at(before, {"metadata", "uid"});
  if (!uid.empty() && uid != current) {
    return conflict(type, name,
                    "StorageError: invalid object, Code: 4, Key: /registry/" + type.bucket() + "/" +
                        to_string(ObjectName{text_at(before, {"metadata", "namespace"}), name}) +
                        ", ResourceVersion: 0, "
                        "AdditionalErrorMsg: Precondition failed: UID in precondition: " +
                        uid + ", UID in object meta: " + current);
  }
  return {};
}

/// A name that is no text would be taken for a missing one (YAML reads `y` as a boolean).
Status check_identifiers(const ResourceType& type, const Json& metadata) {
  for (const char* member : {"name", "generateName", "namespace", "uid", "resourceVersion"}) {
    const auto found = metadata.find(member);
    if (found == metadata.end() || found->is_null() || found->is_string()) continue;
    return Error{Code::BadRequest,
                 type.kind + " in version \"" + type.gvr.version + "\" cannot be handled as a " +
                     type.kind + ": json: cannot unmarshal " +
                     (found->is_boolean() ? "bool" : found->type_name()) +
                     " into Go struct field ObjectMeta." + member + " of type string"};
  }
  return {};
}

}  // namespace

Status check_frame(const ResourceType& type, const ObjectName& url, Json& body) {
  if (!body.is_object()) {
    return Error{Code::BadRequest, "the object provided is unrecognized (must be of type " + type.kind +
                                       "): couldn't get version/kind; json parse error: the body is not an object"};
  }
  const std::string wanted = api_version_of(type.gvr.group, type.gvr.version);
  if (type.builtin) {
    if (!body.contains("kind")) body["kind"] = type.kind;
    if (!body.contains("apiVersion")) body["apiVersion"] = wanted;
  }
  const std::string api_version = text_at(body, {"apiVersion"});
  const std::string kind = text_at(body, {"kind"});
  if (kind.empty() || api_version.empty()) {
    return Error{Code::BadRequest, "the object provided is unrecognized (must be of type " + type.kind +
                                       "): couldn't get version/kind; json parse error: Object 'Kind' or 'apiVersion' is missing"};
  }
  if (api_version != wanted) {
    return Error{Code::BadRequest, "the API version in the data (" + api_version +
                                       ") does not match the expected API version (" + wanted + ")"};
  }
  Json& metadata = body["metadata"];
  if (metadata.is_null()) metadata = Json::object();
  if (!metadata.is_object()) {
    return Error{Code::BadRequest, "the object provided is unrecognized (must be of type " + type.kind +
                                       "): metadata must be an object"};
  }
  CHARTER_TRY(check_identifiers(type, metadata));
  const std::string name = text_at(metadata, {"name"});
  if (kind != type.kind && type.builtin) {
    return Error{Code::BadRequest, kind + " in version " + quoted(type.gvr.version) + " cannot be handled as a " + type.kind +
                                       ": unknown conversion"};
  }
  if (kind != type.kind) {
    const std::string qualified = kind + (type.gvr.group.empty() ? "" : "." + type.gvr.group);
    Error error = invalid(qualified, &type, name,
                          {{"FieldValueInvalid", "Invalid value: " + quoted(kind) + ": must be " + type.kind, "kind"}});
    error.subject->kind = kind;
    return error;
  }
  if (type.namespaced) {
    const std::string ns = text_at(metadata, {"namespace"});
    if (!ns.empty() && ns != url.ns) {
      return Error{Code::BadRequest, "the namespace of the provided object does not match the namespace sent on the request"};
    }
    metadata["namespace"] = url.ns;
  } else {
    metadata.erase("namespace");
  }
  if (!url.name.empty()) {
    if (!name.empty() && name != url.name) {
      return Error{Code::BadRequest,
                   "the name of the object (" + name + ") does not match the name on the URL (" + url.name + ")"};
    }
    metadata["name"] = url.name;
  }
  return {};
}

Status prepare_new(const ResourceType& type, Json& body, const ApiParts& parts) {
  Json& metadata = body["metadata"];
  const std::string version = text_at(metadata, {"resourceVersion"});
  if (!version.empty() && version != "0") {
    return Error{Code::InternalError, "resourceVersion should not be set on objects to be created"};
  }
  for (const char* member : kServerOwned) metadata.erase(member);
  metadata.erase("resourceVersion");
  const std::string prefix = text_at(metadata, {"generateName"});
  std::string name = text_at(metadata, {"name"});
  if (name.empty() && !prefix.empty()) {
    constexpr size_t kSuffix = 5;
    name = prefix.substr(0, std::min<size_t>(prefix.size(), 63 - kSuffix)) + random_name_suffix(parts.random, kSuffix);
    metadata["name"] = name;
  }
  if (name.empty()) {
    return invalid(type.qualified_kind(), &type, "",
                   {{"FieldValueRequired", "Required value: name or generateName is required", "metadata.name"}});
  }
  const std::string problem = name_problem(type, name);
  if (!problem.empty()) {
    return invalid(type.qualified_kind(), &type, name, {invalid_value("metadata.name", name, problem)});
  }
  metadata["uid"] = uuid4(parts.random);
  metadata["creationTimestamp"] = format_time(parts.clock.now());
  if (!type.builtin || type.has_status) metadata["generation"] = 1;
  if (type.builtin && type.gvr.resource == "namespaces") metadata.erase("generation");
  return {};
}

Result<int64_t> parse_version(const std::string& text) {
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size() || version < 0) {
    const char* why = error == std::errc::result_out_of_range ? "value out of range" : "invalid syntax";
    return Error{Code::InternalError, "strconv.ParseUint: parsing " + quoted(text) + ": " + why};
  }
  return version;
}

Status carry_over(const ResourceType& type, const Json& before, Json& next, VersionRule rule) {
  const Json& old_metadata = before.at("metadata");
  Json& metadata = next["metadata"];
  const std::string name = text_at(old_metadata, {"name"});
  CHARTER_TRY(check_identity(type, before, next));
  const std::string version = text_at(metadata, {"resourceVersion"});
  const bool given = !version.empty() && version != "0";
  if (!given && rule == VersionRule::Required) {
    Error error =
        invalid(type.qualified_resource(), &type, name,
                {{"FieldValueInvalid", "Invalid value: 0: must be specified for an update",
                  "metadata.resourceVersion"}});
    error.subject->kind = type.gvr.resource;
    return error;
  }
  if (given) {
    CHARTER_TRY_ASSIGN(const int64_t wanted, parse_version(version));
    if (std::to_string(wanted) != text_at(old_metadata, {"resourceVersion"})) {
      return conflict(type, name,
                      "the object has been modified; please apply your changes to the latest version and try again");
    }
  }
  for (const char* member : kServerOwned) {
    const auto kept = old_metadata.find(member);
    if (kept != old_metadata.end()) {
      metadata[member] = *kept;
    } else {
      metadata.erase(member);
    }
  }
  metadata["resourceVersion"] = old_metadata.value("resourceVersion", "");
  return {};
}

void drop_empty(Json& object) {
  Json& metadata = object["metadata"];
  for (const char* member : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    const auto found = metadata.find(member);
    if (found != metadata.end() && (found->is_null() || (found->is_structured() && found->empty())))
      metadata.erase(found);
  }
}

void check_metadata(const Json& object, const Json* before, std::vector<Cause>& causes,
                    std::vector<std::string>& warnings) {
  const Json& metadata = object.at("metadata");
  check_pairs(metadata, "labels", true, causes);
  check_pairs(metadata, "annotations", false, causes);
  check_owners(metadata, causes);
  check_finalizers(object, before, causes, warnings);
}

bool spec_changed(const ResourceType& type, const Json& before, const Json& next) {
  const auto same = [&](const Json& a, const Json& b) {
    for (const auto& [key, value] : a.items()) {
      if (key == "metadata" || (key == "status" && type.has_status)) continue;
      const auto other = b.find(key);
      if (other == b.end() || *other != value) return false;
    }
    return true;
  };
  return !same(before, next) || !same(next, before);
}

bool differs(const Json& before, const Json& next) {
  return without_bookkeeping(before) != without_bookkeeping(next);
}

}  // namespace charter
