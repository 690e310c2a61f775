#pragma once

#include "controller/object/object.h"
#include "controller/store/snapshot.h"
#include "controller/store/sqlite_log.h"

#include <cstdint>
#include <vector>

namespace charter {

/// Fills an empty snapshot from the log: the state at the compacted revision, then every event
/// since. Rows are checked, opened with `options.sealer` and their headers found on all cores, and
/// applied in order. Gives the revisions of rows that are not in the form which the sealer wants.
/// Changes nothing on disk. Errors: InternalError naming the first bad key or the missing one.
Result<std::vector<int64_t>> load_snapshot(SqliteLog& log, const StoreOptions& options,
                                           Snapshot& snapshot);

}  // namespace charter
