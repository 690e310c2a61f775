#pragma once

#include "controller/api/resource_verbs.h"

// The one exception from apply conflicts: an object that `kubectl apply` made on the client's side goes over to server-side apply
// without --force-conflicts (kubernetes.md 4.5; LastAppliedManager of kube-apiserver). Pure.
namespace charter {

/// server_side_apply, with that exception: when kubectl conflicts only on fields that the
/// annotation kubectl.kubernetes.io/last-applied-configuration of `live` sets to their live values,
/// they are its own and it takes them. Otherwise the Conflict names the fields that are not. When
/// kubectl applies to an object that has the annotation, the annotation becomes what was applied
/// (LastAppliedUpdater). Errors: as server_side_apply.
Result<Json> apply_over_last_applied(const Json* live, const Json& applied, const Schema& schema, const FieldManager& who,
                                     Force force, Instant now);

}  // namespace charter
