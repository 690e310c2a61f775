#pragma once

#include "controller/base/result.h"
#include "controller/store/ledger_table.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// The durable log: one row per revision of an object, as in kine, where the log is the database.
//
//   log   rev | prev | op | bucket | ns | name | sum | object
//         UNIQUE (bucket, ns, name, prev)            the compare-and-swap, held by the disk
//   meta  compacted   events of revisions up to this one are gone
//         swept       rows up to this revision have been looked at by compaction
//         scrub       there while older forms of rows may be left in free space (reseal.h)
//
// The file's format is 3, and 4 once rows may be sealed: a program that knows no keys must not take
// them for damage. Formats 1 and 2 were the same without the ledger (ledger_table.h).
//
// `prev` is the revision of the key's row before (a tombstone's too), 0 when the key has none. The
// current state at a revision is the newest row of each key up to it, unless that is a delete.
// Compaction first moves `compacted`, then works off the rows behind it in bounded chunks: each row
// that a row up to `compacted` superseded goes, and each tombstone. A row that is the `before` of a
// later event stays. Thread contract: one thread at a time; after open this is the writer.
namespace charter {

/// One row. The views live as long as the callback that hands it out, or the call that takes it.
struct LogRow {
  int64_t revision = 0;
  int64_t previous = 0;
  Write::Op op = Write::Op::Put;
  std::string_view bucket, ns, name;
  std::string_view
      object;  ///< as stored: encoded, with `revision` as its resourceVersion, or that sealed
  uint32_t checksum = 0;  ///< as stored
};

/// Checksum over all other members.
uint32_t checksum_of(const LogRow& row);

/// "bucket ns/name at revision N", for messages.
std::string describe(const LogRow& row);

/// What is wrong with a row's bytes: nothing else in it can be trusted then.
std::optional<std::string> checksum_fault(const LogRow& row);
/// What is wrong with the object in a row: it must carry the row's own key and version.
std::optional<std::string> header_fault(const LogRow& row, const Header& header);

/// The tables and every statement on them.
class SqliteLog {
 public:
  /// What the connection is for.
  enum class Mode { Write, Verify };

  /// Opens or creates `data_dir`/charter.db ("" for memory). The caller holds the directory's lock.
  static Result<std::unique_ptr<SqliteLog>> open(const std::string& data_dir,
                                                 const std::string& vfs, Mode mode);

  /// All rows, oldest first; stops at the first error that `visit` returns. Errors: InternalError
  /// when the file is damaged.
  Status read_all(const std::function<Status(const LogRow&)>& visit);
  /// The same for the rows of one bucket.
  Status read_bucket(std::string_view bucket, const std::function<Status(const LogRow&)>& visit);
  /// The same for the row of one revision; none is no error.
  Status read_revision(int64_t revision, const std::function<Status(const LogRow&)>& visit);
  /// Newest revision ever given out, as far as the log knows.
  int64_t last_revision();
  int64_t compacted() const { return compacted_; }
  int64_t swept() const { return swept_; }
  /// See SqliteDatabase::integrity_fault.
  std::optional<std::string> integrity_fault() { return database_->integrity_fault(); }

  DbCode begin();
  DbCode append(const LogRow& row);
  /// Makes the transaction durable, and notes that it is before anybody can be told.
  DbCode commit();
  /// Copies the WAL into the database; nothing in it is needed any more.
  DbCode checkpoint();
  void rollback();
  /// Sets `revision` to that of the key's newest row, a tombstone included; 0 when it has none.
  DbCode newest_revision(const Key& key, int64_t& revision);

  /// Works off at most limits::kCompactionRowsMax revisions up to `horizon`, in a transaction of
  /// its own.
  DbCode sweep(int64_t horizon);

  // For reseal.h.

  /// Whether bytes of older forms of rows may be left in the file.
  enum class Scrub { Due, Done };
  /// Raises the file's format to the one with sealed rows. What a store held before may lie plain
  /// in free space: a scrub is due then.
  DbCode require_sealing();
  /// Replaces the bytes and checksum of the row of that revision.
  DbCode replace(const LogRow& row);
  /// Notes it, within the open transaction.
  DbCode note_scrub(Scrub scrub);
  bool scrub_due();
  /// Writes the file anew without its free space.
  DbCode vacuum();

  SqliteDatabase& database() { return *database_; }
  /// The ledger in the same file; null while verifying a file from before it.
  LedgerTable* ledger() { return ledger_.get(); }

 private:
  SqliteLog(std::unique_ptr<SqliteDatabase> database, std::unique_ptr<WalMark> mark)
      : database_(std::move(database)), mark_(std::move(mark)) {}
  void move_mark();
  Status read(SqliteStatement rows, const std::function<Status(const LogRow&)>& visit);
  Status prepare_file(bool in_memory, Mode mode);
  Status create_tables();
  Status raise_ledger(int64_t version);
  DbCode sweep_rows(int64_t to, int64_t horizon);

  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<WalMark> mark_;  // none in memory and while verifying
  std::unique_ptr<LedgerTable> ledger_;
  SqliteStatement begin_, commit_, append_, newest_, drop_superseded_, drop_tombstones_, set_meta_;
  int64_t compacted_ = 0;
  int64_t swept_ = 0;
};

}  // namespace charter
