#pragma once

#include <string>
#include <vector>

#include "controller/api/resource_verbs.h"

// Rules for metadata and for the frame of a body, the same for every kind (kubernetes.md 4.1–4.4). Pure but for uid and name
// generation through Random.
namespace charter {

/// Checks apiVersion, kind, namespace and name of a body against the URL; fills in the namespace. `name` is empty on create.
/// Errors: BadRequest, Invalid.
Status check_frame(const ResourceType& type, const ObjectName& url, Json& body);

/// Sets what the server owns on a new object (uid, creationTimestamp, generation, generated name) and drops what clients must not set.
/// Errors: InternalError "resourceVersion should not be set …", Invalid for names.
Status prepare_new(const ResourceType& type, Json& body, const ApiParts& parts);

/// Carries over what the server owns from `before` into `next` (uid, creationTimestamp, deletionTimestamp, generation …) after checking
/// name, uid and resourceVersion of `next` against it. Errors: Conflict, BadRequest, InternalError for a bad number.
enum class VersionRule { Optional, Required };
Status carry_over(const ResourceType& type, const Json& before, Json& next, VersionRule rule);

/// Removes maps and lists of metadata that hold nothing (labels, annotations, finalizers,
/// ownerReferences): an empty one and none mean the same, and kube-apiserver stores none.
void drop_empty(Json& object);

/// Labels, annotations, finalizers, owners: findings with kube's texts; warnings for unqualified finalizers.
void check_metadata(const Json& object, const Json* before, std::vector<Cause>& causes,
                    std::vector<std::string>& warnings);

/// True when something outside metadata (and outside status, if the kind has that subresource) differs.
bool spec_changed(const ResourceType& type, const Json& before, const Json& next);
/// True when the two differ in more than managedFields timestamps and resourceVersion.
bool differs(const Json& before, const Json& next);

/// Parses a resourceVersion. Errors: InternalError `strconv.ParseUint: …` as kube answers.
Result<int64_t> parse_version(const std::string& text);

}  // namespace charter
