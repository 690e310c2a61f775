#pragma once

#include "controller/object/value.h"

namespace charter {
class Schema;
}

// The three body patches: RFC 6902 JSON Patch, RFC 7386 merge patch, and Kubernetes' strategic merge patch for built-in
// kinds. Pure. Server-side apply lives in apply.h.
namespace charter {

/// Applies a JSON Patch document (an array). Bounded by kPatchOperationsMax and by kObjectBytesMax after each copy.
/// Errors: BadRequest `error decoding patch: …` when it is no patch; Invalid `the server rejected our request due to an error
/// in our request` (empty details) when an operation or test fails.
Result<Json> apply_json_patch(const Json& target, const Json& patch);

/// Applies a merge patch. Errors: BadRequest when the patch is not an object.
Result<Json> apply_merge_patch(const Json& target, const Json& patch);

/// Applies a strategic merge patch; list merge keys come from the schema's x-kubernetes-list-map-keys (and
/// x-kubernetes-list-type set for primitive merge lists). Directives: $patch (replace, delete, merge), $deleteFromPrimitiveList,
/// $setElementOrder, $retainKeys. Errors: BadRequest.
Result<Json> apply_strategic_merge_patch(const Json& target, const Json& patch, const Schema& schema);

}  // namespace charter
