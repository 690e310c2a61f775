#include "reconcilers/export/manifest.h"

#include "controller/object/manifest.h"
#include "controller/object/merge_diff.h"
#include "controller/object/object.h"
#include "crds/types/kinds.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace charter::exporting {
namespace {

/// Set by every API server on every Namespace.
constexpr const char* kNamespaceLabel = "kubernetes.io/metadata.name";

/// What an API server writes into metadata, or another one would not understand: owners are named
/// by uid. Finalizers are those of controllers.
constexpr std::array kServerFields = {"managedFields",
                                      "uid",
                                      "resourceVersion",
                                      "generation",
                                      "creationTimestamp",
                                      "selfLink",
                                      "deletionGracePeriodSeconds",
                                      "deletionTimestamp",
                                      "generateName",
                                      "finalizers",
                                      "ownerReferences"};

bool is_kind(const Json& object, const Gvr& resource) {
  return text_at(object, {"kind"}) == kinds::kind_of(resource) &&
         text_at(object, {"apiVersion"}) == api_version_of(resource.group, resource.version);
}

bool has_controller(const Json& object) {
  const auto owners = read_meta(object).owners;
  return std::any_of(owners.begin(), owners.end(),
                     [](const OwnerReference& owner) { return owner.controller; });
}

// Tokens are made by the server they are for, and Helm's records by Helm.
bool is_made_secret(const Json& object) {
  if (!is_kind(object, kinds::secrets())) return false;
  constexpr std::array kMade = {"kubernetes.io/service-account-token",
                                "bootstrap.kubernetes.io/token", "helm.sh/release.v1"};
  const auto type = text_at(object, {"type"});
  return std::find(kMade.begin(), kMade.end(), type) != kMade.end();
}

void drop_if_empty(Json& object, const char* member) {
  const auto found = object.find(member);
  if (found != object.end() && (found->is_null() || found->empty())) object.erase(found);
}

// The same object as its author would write it: no status, nothing that a server adds.
Json without_server_fields(Json object) {
  object.erase("status");
  if (is_kind(object, kinds::namespaces())) object.erase("spec");  // finalizers
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return object;
  for (const char* field : kServerFields)
    metadata->erase(field);
  if (const auto notes = metadata->find("annotations"); notes != metadata->end())
    notes->erase(kLastAppliedAnnotation);
  const auto labels = metadata->find("labels");
  if (labels != metadata->end() && is_kind(object, kinds::namespaces()))
    labels->erase(kNamespaceLabel);
  drop_if_empty(*metadata, "annotations");
  drop_if_empty(*metadata, "labels");
  return object;
}

// What `kubectl apply` was last given for this very object, or nothing. Finalizers and owners of
// such a record are its author's and stay.
std::optional<Json> last_applied(const Json& live) {
  const auto text = text_at(live, {"metadata", "annotations", kLastAppliedAnnotation});
  if (text.empty()) return std::nullopt;
  auto record = parse_json(text);
  if (!record || !record->is_object() || title_of(*record) != title_of(live) ||
      text_at(*record, {"apiVersion"}) != text_at(live, {"apiVersion"}))
    return std::nullopt;
  Json cleaned = without_server_fields(*record);
  for (const char* field : {"finalizers", "ownerReferences"}) {
    if (const Json* given = at(*record, {"metadata", field})) cleaned["metadata"][field] = *given;
  }
  return cleaned;
}

// `wanted` as what was last applied and the differences: what defaults explain is left to them.
Json in_words_of(const Json& record, const Json& wanted, const Schema* schema) {
  Json filled = record;
  if (schema != nullptr) schema->apply_defaults(filled);
  Json manifest = record;
  manifest.merge_patch(three_way_merge_patch(filled, wanted, filled));
  return manifest;
}

// Removes the members that the schema would fill in with the same values. Lists stay as they are:
// their elements have no defaults. No deeper than documents may be, kDocumentDepthMax.
void drop_defaults(Json& object, const Schema& schema) {
  if (!object.is_object()) return;
  std::vector<std::string> names;
  for (const auto& [name, value] : object.items())
    names.push_back(name);
  for (const auto& name : names) {
    const Schema* property = schema.property(name);
    if (property == nullptr) continue;
    if (property->default_value() != nullptr) {
      Json without = object;
      without.erase(name);
      schema.apply_defaults(without);
      if (without == object) {
        object.erase(name);
        continue;
      }
    }
    drop_defaults(object[name], *property);
  }
}

// `wanted` where nobody left a record.
Json in_few_words(const Json& wanted, const Schema& schema) {
  Json manifest = wanted;
  drop_defaults(manifest, schema);
  Json filled = manifest;
  schema.apply_defaults(filled);
  // A default that depends on another would show here.
  return filled == wanted ? manifest : wanted;
}

// Whether an apply owns the field: leaving it out of the next one would remove it.
bool is_applied(const Json& live, const std::optional<Json>& record) {
  if (record && at(*record, {"spec", "acceptance"}) != nullptr) return true;
  const Json* managers = at(live, {"metadata", "managedFields"});
  if (managers == nullptr || !managers->is_array()) return false;
  return std::any_of(managers->begin(), managers->end(), [](const Json& entry) {
    return text_at(entry, {"operation"}) == "Apply" &&
           at(entry, {"fieldsV1", "f:spec", "f:acceptance"}) != nullptr;
  });
}

void settle_acceptance(Json& wanted, const Json& live, const std::optional<Json>& record,
                       Exported& exported) {
  if (at(wanted, {"spec", "acceptance"}) == nullptr) return;
  if (is_applied(live, record)) {
    exported.remarks.push_back(
        title_of(live) +
        ": spec.acceptance is written, because it was applied; another server takes the contract "
        "only without it, and makes an offer of its own");
    return;
  }
  wanted["spec"].erase("acceptance");
  exported.remarks.push_back(title_of(live) +
                             ": its acceptance is not written: it is of an offer that was made to "
                             "this very contract; elsewhere the new offer has to be accepted");
}

// Why there is to be no manifest, for people; nothing when there is to be one. Empty: not worth a
// word.
std::optional<std::string> left_out(const Json& live) {
  if (has_controller(live) || is_made_secret(live)) return std::string();
  if (!text_at(live, {"metadata", "deletionTimestamp"}).empty())
    return title_of(live) + ": left out, it is being deleted";
  const auto ended = text_at(live, {"status", "terminatedAt"});
  if (is_kind(live, kinds::contracts()) && !ended.empty())
    return title_of(live) + ": left out, it ended at " + ended;
  return std::nullopt;
}

}  // namespace

std::string title_of(const Json& object) {
  return to_string(target_of(object));
}

Exported export_object(const Json& live, const Schema* schema) {
  Exported exported;
  if (const auto why = left_out(live)) {
    if (!why->empty()) exported.remarks.push_back(*why);
    return exported;
  }
  const auto record = last_applied(live);
  Json wanted = without_server_fields(live);
  if (is_kind(live, kinds::contracts())) settle_acceptance(wanted, live, record, exported);
  if (record) {
    for (const char* field : {"finalizers", "ownerReferences"}) {
      if (const Json* given = at(*record, {"metadata", field})) wanted["metadata"][field] = *given;
    }
    wanted = in_words_of(*record, wanted, schema);
  } else if (schema != nullptr) {
    wanted = in_few_words(wanted, *schema);
  }
  exported.manifest = std::make_shared<const Json>(std::move(wanted));
  return exported;
}

}  // namespace charter::exporting
