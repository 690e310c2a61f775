#include "controller/store/sqlite_log.h"

#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/store/checksum.h"

#include <algorithm>

namespace charter {
namespace {

// Raised when the tables change; a file of a newer release is refused, never guessed at.
//
//   1        objects
//   3        and the ledger, whose rows held their texts themselves
//   5        the ledger as it is now (ledger_table.h)
//   2, 4, 6  the same with Secrets sealed: require_sealing() raises it
constexpr int64_t kFormatVersion = 6;
constexpr int64_t kLedgerVersion = 5;
constexpr int64_t kSealedVersion = 6;
constexpr int64_t kTextLedgerVersion = 3;

bool is_sealed(int64_t version) {
  return version % 2 == 0;
}

// The object stands last: a scan of the columns before it does not read its overflow pages.
constexpr const char* kSchema = R"sql(
CREATE TABLE log (
  rev    INTEGER PRIMARY KEY,
  prev   INTEGER NOT NULL,
  op     INTEGER NOT NULL,
  bucket TEXT NOT NULL,
  ns     TEXT NOT NULL,
  name   TEXT NOT NULL,
  sum    INTEGER NOT NULL,
  object BLOB NOT NULL
);
CREATE UNIQUE INDEX log_key ON log (bucket, ns, name, prev);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('compacted', 0), ('swept', 0);
)sql";

// EXCLUSIVE keeps the WAL's index in our own memory: no -shm file, and no other process can come
// between. secure_delete would write each freed page once more. The cache holds the key index of
// some 100,000 objects.
constexpr const char* kConnection =
    "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
    "PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY;";

void add_number(std::string& out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(static_cast<uint64_t>(value) >> shift);
}

Error damaged(SqliteDatabase& database) {
  log_error("store", "database cannot be read", {{"error", database.error()}});
  return Error{Code::InternalError, "the store's file is damaged or cannot be read"};
}

}  // namespace

uint32_t checksum_of(const LogRow& row) {
  std::string fixed;
  add_number(fixed, row.revision);
  add_number(fixed, row.previous);
  fixed += row.op == Write::Op::Put ? 'P' : 'D';
  // Lengths keep ("ab", "c") apart from ("a", "bc").
  for (std::string_view part : {row.bucket, row.ns, row.name}) {
    add_number(fixed, static_cast<int64_t>(part.size()));
    fixed += part;
  }
  return crc32c(row.object, crc32c(fixed));
}

std::string describe(const LogRow& row) {
  const ObjectName name{std::string(row.ns), std::string(row.name)};
  return std::string(row.bucket) + " " + to_string(name) + " at revision " +
         std::to_string(row.revision);
}

std::optional<std::string> checksum_fault(const LogRow& row) {
  if (row.checksum == checksum_of(row)) return std::nullopt;
  return "checksum does not match the stored bytes";
}

std::optional<std::string> header_fault(const LogRow& row, const Header& header) {
  if (header.ns != row.ns || header.name != row.name) {
    return "object says it is " + to_string(ObjectName{header.ns, header.name});
  }
  if (header.version != row.revision) {
    return "object says its resourceVersion is " + std::to_string(header.version);
  }
  return std::nullopt;
}

Result<std::unique_ptr<SqliteLog>> SqliteLog::open(const std::string& data_dir,
                                                   const std::string& vfs, Mode mode) {
  const bool in_memory = data_dir.empty();
  if (auto fault = in_memory ? std::nullopt : wal_fault(data_dir)) {
    return Error{
        Code::InternalError,
        "the store is damaged: " + *fault +
            "; nothing was changed: restore charter.db, charter.db-wal and charter.db-acked from a "
            "backup, or "
            "remove charter.db-acked to start with what is readable and lose the writes behind it"};
  }
  auto database = SqliteDatabase::open(in_memory ? ":memory:" : data_dir + "/charter.db", vfs);
  if (!database) {
    return Error{Code::InternalError,
                 "cannot open the store's file in data directory \"" + data_dir + "\""};
  }
  auto mark = in_memory || mode == Mode::Verify ? nullptr : std::make_unique<WalMark>(data_dir);
  std::unique_ptr<SqliteLog> log(new SqliteLog(std::move(database), std::move(mark)));
  CHARTER_TRY(log->prepare_file(in_memory, mode));
  return log;
}

Status SqliteLog::prepare_file(bool in_memory, Mode mode) {
  if (!in_memory) database_->keep_wal_on_close();
  if (database_->execute(kConnection) != DbCode::Ok) return damaged(*database_);
  if (mode == Mode::Verify && database_->execute("PRAGMA query_only=ON") != DbCode::Ok)
    return damaged(*database_);
  if (mode == Mode::Write && !in_memory &&
      database_->execute("PRAGMA journal_mode=WAL") != DbCode::Ok) {
    return damaged(*database_);
  }
  const int64_t version = database_->integer("PRAGMA user_version", -1);
  if (version < 0) return damaged(*database_);
  if (version > kFormatVersion) {
    return Error{Code::InternalError, "the store's format " + std::to_string(version) +
                                          " is newer than this program's " +
                                          std::to_string(kFormatVersion)};
  }
  if (version == 0 && mode == Mode::Verify)
    return Error{Code::InternalError, "the store's file has no tables"};
  if (version == 0) CHARTER_TRY(create_tables());
  const bool old = version > 0 && version < kLedgerVersion;
  if (old && mode == Mode::Write) CHARTER_TRY(raise_ledger(version));
  if (old && mode == Mode::Verify && version >= kTextLedgerVersion)
    return Error{Code::InternalError,
                 "the store's ledger is of an older format: start the server "
                 "once, which raises it, and verify again"};
  if (!old || mode == Mode::Write) ledger_ = std::make_unique<LedgerTable>(*database_);
  compacted_ = database_->integer("SELECT value FROM meta WHERE name='compacted'", -1);
  swept_ = database_->integer("SELECT value FROM meta WHERE name='swept'", -1);
  if (compacted_ < 0 || swept_ < 0 || swept_ > compacted_) return damaged(*database_);
  begin_ = database_->prepare("BEGIN IMMEDIATE");
  commit_ = database_->prepare("COMMIT");
  append_ = database_->prepare(
      "INSERT INTO log (rev, prev, op, bucket, ns, name, sum, object) VALUES (?,?,?,?,?,?,?,?)");
  newest_ = database_->prepare(
      "SELECT rev FROM log WHERE bucket=? AND ns=? AND name=? ORDER BY prev DESC LIMIT 1");
  drop_superseded_ = database_->prepare(
      "DELETE FROM log WHERE rev IN (SELECT prev FROM log WHERE rev > ? AND rev <= ?)");
  drop_tombstones_ = database_->prepare("DELETE FROM log WHERE rev > ? AND rev <= ? AND op = 1");
  set_meta_ = database_->prepare(
      "UPDATE meta SET value = CASE name WHEN 'swept' THEN ? ELSE ? END "
      "WHERE name IN ('swept', 'compacted')");
  return {};
}

Status SqliteLog::create_tables() {
  const std::string script = std::string("BEGIN IMMEDIATE;") + kSchema + LedgerTable::schema() +
                             "PRAGMA user_version=" + std::to_string(kLedgerVersion) + ";COMMIT;";
  if (database_->execute(script.c_str()) == DbCode::Ok) return {};
  log_error("store", "cannot create the tables", {{"error", database_->error()}});
  rollback();
  return Error{Code::InternalError, "cannot create the store's tables"};
}

Status SqliteLog::raise_ledger(int64_t version) {
  log_info("store", "bringing the ledger to this program's format, which takes a while for millions of rows",
           {{"from", std::to_string(version)}});
  const std::string script =
      "BEGIN IMMEDIATE;" +
      (version < kTextLedgerVersion ? LedgerTable::schema() : LedgerTable::upgrade()) +
      "PRAGMA user_version=" +
      std::to_string(is_sealed(version) ? kSealedVersion : kLedgerVersion) + ";COMMIT;";
  if (database_->execute(script.c_str()) == DbCode::Ok) {
    move_mark();
    return {};
  }
  log_error("store", "cannot raise the ledger's tables", {{"error", database_->error()}});
  rollback();
  return Error{Code::InternalError, "cannot bring the ledger in the store's file to this format"};
}

Status SqliteLog::read_all(const std::function<Status(const LogRow&)>& visit) {
  return read(database_->prepare(
                  "SELECT rev, prev, op, bucket, ns, name, sum, object FROM log ORDER BY rev"),
              visit);
}

Status SqliteLog::read_bucket(std::string_view bucket,
                              const std::function<Status(const LogRow&)>& visit) {
  SqliteStatement rows = database_->prepare(
      "SELECT rev, prev, op, bucket, ns, name, sum, object FROM log WHERE bucket=? ORDER BY rev");
  rows.text(bucket);
  return read(std::move(rows), visit);
}

Status SqliteLog::read(SqliteStatement rows, const std::function<Status(const LogRow&)>& visit) {
  DbCode code = rows.step();
  for (; code == DbCode::Row; code = rows.step()) {
    LogRow row;
    row.revision = rows.integer_at(0);
    row.previous = rows.integer_at(1);
    row.op = rows.integer_at(2) == 0 ? Write::Op::Put : Write::Op::Delete;
    row.bucket = rows.bytes_at(3);
    row.ns = rows.bytes_at(4);
    row.name = rows.bytes_at(5);
    row.checksum = static_cast<uint32_t>(rows.integer_at(6));
    row.object = rows.bytes_at(7);
    CHARTER_TRY(visit(row));
  }
  if (code != DbCode::Ok) return damaged(*database_);
  return {};
}

Status SqliteLog::read_revision(int64_t revision,
                                const std::function<Status(const LogRow&)>& visit) {
  SqliteStatement rows = database_->prepare(
      "SELECT rev, prev, op, bucket, ns, name, sum, object FROM log WHERE rev=?");
  rows.integer(revision);
  return read(std::move(rows), visit);
}

int64_t SqliteLog::last_revision() {
  // The newest row may have been a tombstone that compaction removed: its revision must not be
  // given out again.
  return std::max(compacted_, database_->integer("SELECT max(rev) FROM log", 0));
}

DbCode SqliteLog::begin() {
  return begin_.run();
}

DbCode SqliteLog::append(const LogRow& row) {
  append_.integer(row.revision).integer(row.previous).integer(row.op == Write::Op::Put ? 0 : 1);
  append_.text(row.bucket).text(row.ns).text(row.name).integer(checksum_of(row)).blob(row.object);
  return append_.run();
}

DbCode SqliteLog::commit() {
  const DbCode code = commit_.run();
  if (code == DbCode::Ok) move_mark();
  return code;
}

DbCode SqliteLog::checkpoint() {
  const DbCode code = database_->checkpoint();
  if (code == DbCode::Ok) move_mark();
  return code;
}

void SqliteLog::move_mark() {
  const auto place = mark_ ? database_->wal_place() : std::nullopt;
  if (place) mark_->move_to(*place);
}

void SqliteLog::rollback() {
  // SQLite has already rolled back by itself after some errors, a full disk among them.
  if (database_->in_transaction()) database_->execute("ROLLBACK");
  if (ledger_) ledger_->rolled_back();
}

DbCode SqliteLog::newest_revision(const Key& key, int64_t& revision) {
  const DbCode code = newest_.text(key.bucket).text(key.name.ns).text(key.name.name).step();
  revision = code == DbCode::Row ? newest_.integer_at(0) : 0;
  newest_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

DbCode SqliteLog::sweep(int64_t horizon) {
  const int64_t to = std::min(horizon, swept_ + static_cast<int64_t>(limits::kCompactionRowsMax));
  DbCode code = begin();
  if (code == DbCode::Ok) code = sweep_rows(to, horizon);
  if (code == DbCode::Ok) code = commit();
  if (code != DbCode::Ok) {
    rollback();
    return code;
  }
  swept_ = to;
  compacted_ = horizon;
  return DbCode::Ok;
}

DbCode SqliteLog::sweep_rows(int64_t to, int64_t horizon) {
  // Superseded rows first: they are found through the tombstones that the second statement removes.
  DbCode code = drop_superseded_.integer(swept_).integer(to).run();
  if (code == DbCode::Ok) code = drop_tombstones_.integer(swept_).integer(to).run();
  if (code == DbCode::Ok) code = set_meta_.integer(to).integer(horizon).run();
  return code;
}

DbCode SqliteLog::require_sealing() {
  if (is_sealed(database_->integer("PRAGMA user_version", -1))) return DbCode::Ok;
  DbCode code = begin();
  if (code == DbCode::Ok && last_revision() > 0) code = note_scrub(Scrub::Due);
  if (code == DbCode::Ok) {
    code = database_->execute(("PRAGMA user_version=" + std::to_string(kSealedVersion)).c_str());
  }
  return code == DbCode::Ok ? commit() : code;
}

DbCode SqliteLog::replace(const LogRow& row) {
  SqliteStatement update = database_->prepare("UPDATE log SET sum=?, object=? WHERE rev=?");
  return update.integer(checksum_of(row)).blob(row.object).integer(row.revision).run();
}

DbCode SqliteLog::note_scrub(Scrub scrub) {
  return database_->execute(scrub == Scrub::Due ? "INSERT OR REPLACE INTO meta VALUES ('scrub', 1)"
                                                : "DELETE FROM meta WHERE name='scrub'");
}

bool SqliteLog::scrub_due() {
  return database_->integer("SELECT value FROM meta WHERE name='scrub'", 0) != 0;
}

DbCode SqliteLog::vacuum() {
  // The copy it makes on the way is as large as the store: not in memory.
  const DbCode code = database_->execute("PRAGMA temp_store=FILE; VACUUM;");
  database_->execute("PRAGMA temp_store=MEMORY");
  if (code == DbCode::Ok) move_mark();
  return code;
}

}  // namespace charter
