#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/store/writer.h"

#include <algorithm>

// The writer's work between turns. Each call does one bounded piece, so that a write never waits
// for more than that.
namespace charter {
namespace {

// WAL bytes after which a checkpoint copies it into the database. Commits wait for it: 4 MiB take
// some 10 ms, and pages that many commits touched are still copied once only.
constexpr size_t kCheckpointBytes = 4 * 1024 * 1024;
// The WAL file is grown to its full size by steps whose flush the next commit hardly notices. What
// checkpoints leave unused of it is the room in which deletions go on when the disk is full.
constexpr size_t kExtendStepBytes = 1024 * 1024;
// The first transactions, those of an empty start, are spared the growing.
constexpr int64_t kTransactionsBeforeExtending = 64;

}  // namespace

// Called with mutex_ held by the writer's thread, which alone uses the log.
bool Writer::upkeep_due() const {
  if (failed_ || upkeep_stuck_) return false;
  const int64_t behind = snapshot_.compacted() - log_.swept();
  if (compact_wanted_) return true;
  return behind >= static_cast<int64_t>(limits::kCompactionRowsMax);
}

void Writer::upkeep() {
  if (failed_ || upkeep_stuck_) return;
  DbCode code = DbCode::Ok;
  const int64_t horizon = snapshot_.compacted();
  bool wanted = false;
  {
    const std::lock_guard lock(mutex_);
    wanted = compact_wanted_;
  }
  const int64_t behind = horizon - log_.swept();
  if (behind > 0 && (wanted || behind >= static_cast<int64_t>(limits::kCompactionRowsMax))) {
    code = log_.sweep(horizon);
  }
  if (code == DbCode::Ok && wanted && log_.swept() >= snapshot_.compacted()) {
    const std::lock_guard lock(mutex_);
    compact_wanted_ = false;
  }
  if (on_disk_ && code == DbCode::Ok) {
    SqliteDatabase& database = log_.database();
    if (database.wal_used() >= kCheckpointBytes) {
      code = checkpoint();
    } else if (transactions_ > kTransactionsBeforeExtending &&
               database.wal_size() < limits::kWalPreallocateBytes) {
      code = database.extend_wal(database.wal_size() + kExtendStepBytes);
    }
  }
  if (code == DbCode::Full) upkeep_stuck_ = true;
  if (code != DbCode::Ok && code != DbCode::Full) fail("upkeep of the store's file failed");
}

DbCode Writer::checkpoint() {
  const DbCode code = log_.checkpoint();
  if (code == DbCode::Full && !starved_) {
    log_warn("store", "the data directory is full; deletions still work",
             {{"dir", options_.data_dir}});
  }
  starved_ = code == DbCode::Full;
  if (code != DbCode::Ok && code != DbCode::Full) fail("a checkpoint failed");
  return code;
}

}  // namespace charter
