#include "controller/store/reseal.h"

#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/store/directory_lock.h"
#include "controller/store/sealed_row.h"

#include <algorithm>
#include <span>
#include <unistd.h>

namespace charter {
namespace {

// WAL bytes after which a checkpoint copies it into the database.
constexpr size_t kCheckpointBytes = 16 * 1024 * 1024;

Status told(DbCode code, SqliteLog& log, const char* what) {
  if (code == DbCode::Ok) return {};
  log.rollback();
  if (code == DbCode::Full) {
    log_warn("store",
             "the data directory, or the one for temporary files, is full; encryption is taken up "
             "again at the next start",
             {{"at", what}});
    return Error{Code::InsufficientStorage, "no space is left to encrypt the store's rows anew"};
  }
  log_error("store", "cannot encrypt the store's rows anew",
            {{"at", what}, {"error", log.database().error()}});
  return Error{Code::InternalError, std::string("cannot encrypt the store's rows anew: ") + what};
}

/// Replaces one row's bytes, inside a transaction.
Status reseal_row(SqliteLog& log, const Sealer& sealer, int64_t revision) {
  std::string sealed;
  LogRow changed;
  std::string bucket, ns, name;
  CHARTER_TRY(log.read_revision(revision, [&](const LogRow& row) -> Status {
    CHARTER_TRY_ASSIGN(const std::string plain, plain_bytes(row, &sealer));
    CHARTER_TRY_ASSIGN(sealed, sealer.seal(place_of(row), plain));
    changed = row;
    bucket = row.bucket, ns = row.ns, name = row.name;
    return {};
  }));
  changed.bucket = bucket, changed.ns = ns, changed.name = name;
  changed.object = sealed;
  return told(log.replace(changed), log, "replace");
}

Status reseal_part(SqliteLog& log, const Sealer& sealer, std::span<const int64_t> revisions) {
  CHARTER_TRY(told(log.begin(), log, "begin"));
  CHARTER_TRY(told(log.note_scrub(SqliteLog::Scrub::Due), log, "note"));
  for (const int64_t revision : revisions) {
    const Status done = reseal_row(log, sealer, revision);
    if (!done) {
      log.rollback();
      return done;
    }
  }
  CHARTER_TRY(told(log.commit(), log, "commit"));
  if (log.database().wal_used() < kCheckpointBytes) return {};
  return told(log.checkpoint(), log, "checkpoint");
}

Status scrub(SqliteLog& log) {
  CHARTER_TRY(told(log.vacuum(), log, "vacuum"));
  CHARTER_TRY(told(log.checkpoint(), log, "checkpoint"));
  // A commit begins the WAL anew at its start, under new salts: what lies behind it is of no use to
  // anybody, and no acknowledged write is judged by it.
  CHARTER_TRY(told(log.begin(), log, "begin"));
  CHARTER_TRY(told(log.note_scrub(SqliteLog::Scrub::Due), log, "note"));
  CHARTER_TRY(told(log.commit(), log, "commit"));
  CHARTER_TRY(told(log.database().cut_wal(), log, "cut"));
  CHARTER_TRY(told(log.begin(), log, "begin"));
  CHARTER_TRY(told(log.note_scrub(SqliteLog::Scrub::Done), log, "note"));
  return told(log.commit(), log, "commit");
}

Status run(SqliteLog& log, const Sealer& sealer, std::span<const int64_t> stale) {
  CHARTER_TRY(told(log.require_sealing(), log, "format"));
  const size_t all = stale.size();
  while (!stale.empty()) {
    const size_t count = std::min(stale.size(), limits::kResealRows);
    CHARTER_TRY(reseal_part(log, sealer, stale.first(count)));
    stale = stale.subspan(count);
    log_info("store", "rows encrypted",
             {{"done", std::to_string(all - stale.size())}, {"of", std::to_string(all)}});
  }
  if (!log.scrub_due()) return {};
  log_info("store", "free space of the store's file is being cleared");
  return scrub(log);
}

}  // namespace

Status reseal(SqliteLog& log, const Sealer& sealer, const std::vector<int64_t>& stale) {
  Status done = run(log, sealer, stale);
  if (!done && done.error().code == Code::InsufficientStorage) return {};
  return done;
}

Result<SealedRows> sealed_rows(const std::string& data_dir, const Sealer& sealer) {
  if (access((data_dir + "/charter.db").c_str(), R_OK) != 0) {
    return Error{Code::NotFound, "data directory \"" + data_dir + "\" holds no store"};
  }
  CHARTER_TRY_ASSIGN(const auto lock, DirectoryLock::take_existing(data_dir));
  CHARTER_TRY_ASSIGN(const auto log, SqliteLog::open(data_dir, "", SqliteLog::Mode::Verify));
  SealedRows out;
  out.scrub_due = log->scrub_due();
  CHARTER_TRY(log->read_all([&](const LogRow& row) -> Status {
    if (const auto key = sealing_key(row.object)) {
      ++out.by_key[std::string(*key)];
    } else if (sealer.wants(row.bucket)) {
      ++out.plain;
    }
    return {};
  }));
  return out;
}

}  // namespace charter
