#pragma once

#include <string>

#include "controller/base/clock.h"
#include "controller/object/value.h"

namespace charter {
class Schema;
}

// Field management (kubernetes.md 4.5; sigs.k8s.io/structured-merge-diff): who owns which field, server-side
// apply, and the tracking of plain writes. Pure.
namespace charter {

/// Who writes: one entry of metadata.managedFields is identified by these.
struct FieldManager {
  std::string manager;
  std::string api_version;
  std::string subresource;  ///< "status", "scale" or empty
};

/// Server-side apply of `applied` on `live` (null when the object does not exist). Returns the merged tree with new
/// managedFields. `schema` describes list maps, sets and atomics. The caller defaults, prunes and validates afterwards.
/// Fields this manager applied before and no longer sends are removed unless somebody else owns them.
/// Errors: Conflict with one FieldManagerConflict cause a field and Kubernetes' exact texts, unless `force` is Force::Yes;
/// BadRequest when `applied` carries managedFields; InternalError-coded "failed to create typed patch object" texts
/// for undeclared fields and duplicate list-map keys, as kube answers.
enum class Force { No, Yes };
Result<Json> server_side_apply(const Json* live, const Json& applied, const Schema& schema,
                               const FieldManager& who, Force force, Instant now);

/// Records a create or update in metadata.managedFields of `next`, given the object before (null on create). Fields whose
/// value changed or that are new belong to `who` (operation Update) and leave other managers when changed; removed fields
/// leave all. A write that changes nothing but timestamps leaves managedFields as they were. `managedFields: []` in `next`
/// means unchanged; `[{}]` clears them (kubernetes.md 4.5).
void track_update(Json& next, const Json* before, const Schema& schema, const FieldManager& who, Instant now);

}  // namespace charter
