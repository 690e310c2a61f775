#pragma once

#include "controller/object/kind_registry.h"

// The scale subresource: autoscaling/v1 Scale over the paths a definition names (kubernetes.md 4.4). Pure.
namespace charter {

/// The Scale of an object.
Json scale_of(const ResourceType& type, const Json& object);

/// `object` with spec replicas taken from a Scale document. Errors: Invalid with field path spec.replicas, BadRequest for another kind.
Result<Json> with_scale(const ResourceType& type, const Json& object, const Json& scale);

}  // namespace charter
