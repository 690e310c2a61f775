#pragma once

#include "controller/store/sealer.h"
#include "controller/store/sqlite_log.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

// Brings the log to the form that the sealer wants: after encryption came to a store that had none,
// and after a new key came.
//
//   rows, a bounded number a transaction:   open -> seal with the newest key -> replace
//   then once, when any row was replaced:   VACUUM, checkpoint, cut the WAL    (the scrub)
//
// The scrub is for what deletions and replacements leave in free pages and behind the WAL's end:
// bytes that no query shows and anybody finds who reads the file. That it is due is noted in the
// database before the first row is replaced and until it is done, so a kill at any point is made up
// for at the next start. Thread contract: one thread, before the writer runs.
namespace charter {

/// Seals the rows of these revisions anew and scrubs when that is due. A full disk is logged and
/// what is left is left to the next start. Errors: InternalError.
Status reseal(SqliteLog& log, const Sealer& sealer, const std::vector<int64_t>& stale);

/// Which keys a store's rows are sealed with.
struct SealedRows {
  std::map<std::string, int64_t> by_key;  ///< rows by key id
  int64_t plain = 0;                      ///< rows that should be sealed and are not
  bool scrub_due = false;                 ///< bytes of older forms may still be in free space
};

/// Looks through a stopped store without changing it. Errors: NotFound, Conflict, InternalError.
Result<SealedRows> sealed_rows(const std::string& data_dir, const Sealer& sealer);

}  // namespace charter
