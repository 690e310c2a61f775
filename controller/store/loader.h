#pragma once

#include "controller/object/object.h"
#include "controller/store/snapshot.h"
#include "controller/store/sqlite_log.h"

#include <functional>
#include <string_view>

namespace charter {

/// Header fields of an object, by bucket; see StoreOptions::index.
using IndexFields = std::function<Pairs(std::string_view bucket, const Json&)>;

/// Parses a stored object and gives its header the fields that `index` computes. Thread-safe if
/// `index` is.
Result<ObjectPtr> parse_stored(std::string_view bucket, std::string bytes,
                               const IndexFields& index);

/// Fills an empty snapshot from the log: the state at the compacted revision, then every event
/// since. Rows are checked and parsed on all cores and applied in order. Changes nothing on disk.
/// Errors: InternalError naming the first bad key.
Status load_snapshot(SqliteLog& log, const IndexFields& index, Snapshot& snapshot);

}  // namespace charter
