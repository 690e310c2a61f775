#pragma once

#include "controller/object/value.h"

// Client-side apply: what `kubectl apply` works out before it sends a merge patch. Pure.
namespace charter {

/// The annotation in which `kubectl apply` keeps what it was given last.
inline constexpr const char* kLastAppliedAnnotation =
    "kubectl.kubernetes.io/last-applied-configuration";

/// The RFC 7386 patch that brings `current` to `modified` and removes what `original` (the
/// last-applied configuration) had and `modified` has not. What neither mentions stays. Lists count
/// as a whole. An empty object when nothing has to change.
Json three_way_merge_patch(const Json& original, const Json& modified, const Json& current);

}  // namespace charter
