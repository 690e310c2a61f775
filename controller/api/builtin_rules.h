#pragma once

#include "controller/api/resource_verbs.h"

// The few rules that belong to Kubernetes' own kinds and cannot be said in a schema: Namespace life cycle, Secret.stringData, immutable
// ConfigMaps and Secrets, CustomResourceDefinition names and conditions. Everything else treats them like any other kind.
namespace charter {

/// Completes a new or changed built-in object before validation. `before` is null on create.
Status complete_builtin(const ResourceType& type, Json& object, const Json* before, const ApiParts& parts);

/// Findings beyond the schema.
void check_builtin(const ResourceType& type, Json& object, const Json* before, std::vector<Cause>& causes);

/// True when deleting this object must wait although metadata.finalizers is empty (Namespace with spec.finalizers).
bool holds_deletion(const ResourceType& type, const Json& object);

/// Marks a deletion's start on a built-in object (Namespace: phase Terminating; definitions: cleanup finalizer).
void begin_deletion(const ResourceType& type, Json& object);

/// True when a deletion's start leaves nothing but its time in metadata (Namespace, definitions):
/// kube-apiserver deletes these two in a way of their own.
bool marks_time_only(const ResourceType& type);

/// True when a type has the subresource "finalize": the only door to its spec.finalizers
/// (Namespace).
bool has_finalize(const ResourceType& type);

/// True when a type has the subresource "token", to which TokenRequests are posted (ServiceAccount).
bool has_token(const ResourceType& type);

/// Puts back into `next` what only PUT …/finalize may change.
void keep_finalizers(const ResourceType& type, const Json& before, Json& next);

/// `before` with the part of `next` that PUT …/finalize may change.
Json finalized(const Json& before, const Json& next);

/// Refuses writes into a namespace that does not exist or is terminating; inside the store's turn, so that none slips through.
Status check_namespace(const ResourceType& type, const std::string& ns, const std::string& name, const View& view);

/// True for namespaces that must not be deleted.
bool is_protected_namespace(std::string_view name);

}  // namespace charter
