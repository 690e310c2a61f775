#pragma once

#include "controller/object/object.h"
#include "controller/store/snapshot.h"
#include "controller/store/sqlite_log.h"

namespace charter {

/// Fills an empty snapshot from the log: the state at the compacted revision, then every event
/// since. Rows are checked and their headers found on all cores, and applied in order. Changes
/// nothing on disk. Errors: InternalError naming the first bad key.
Status load_snapshot(SqliteLog& log, const StoredKinds& kinds, Snapshot& snapshot);

}  // namespace charter
