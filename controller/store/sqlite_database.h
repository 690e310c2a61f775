#pragma once

#include "controller/store/wal_mark.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

// SQLite's C API as two owning types. Nothing else in the product calls sqlite3_*. Not a query
// builder: statements are prepared once by their owner and kept, because Debian's SQLite has no
// lookaside memory and preparing is dear. Thread contract: one thread at a time.
namespace charter {

/// What a call led to, as far as the store decides differently.
enum class DbCode {
  Ok,          ///< done
  Row,         ///< a row is ready to be read
  Full,        ///< no space left; the transaction is void, the database is good
  Constraint,  ///< a UNIQUE index refused
  Busy,        ///< locked by another process
  Damaged,     ///< not a database, or its structure is broken
  Failed,      ///< anything else, first of all an I/O or fsync error: nothing more may be trusted
};

/// A prepared statement. Bind parameters in order, step, read columns; reset() makes it ready for
/// the next use.
class SqliteStatement {
 public:
  SqliteStatement() = default;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  /// Binds the next parameter. `text` and `blob` must stay alive until reset().
  SqliteStatement& integer(int64_t value);
  SqliteStatement& text(std::string_view value);
  SqliteStatement& blob(std::string_view value);

  DbCode step();
  /// step() of a statement that gives no rows, then reset().
  DbCode run();
  void reset();

  /// Columns of the current row; views live until the next step or reset.
  int64_t integer_at(int column) const;
  std::string_view bytes_at(int column) const;

 private:
  /// Ends a statement.
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int next_ = 1;  // parameter that the next bind fills
};

/// A connection. Its statements must be destroyed before it.
class SqliteDatabase {
 public:
  /// One write to the disk; larger pages make small commits dearer.
  static constexpr size_t kPageBytes = 4096;
  /// Opens or creates the file (":memory:" for none). Null when it cannot; the log says why.
  static std::unique_ptr<SqliteDatabase> open(const std::string& path, const std::string& vfs);
  ~SqliteDatabase();
  SqliteDatabase(const SqliteDatabase&) = delete;
  SqliteDatabase& operator=(const SqliteDatabase&) = delete;

  /// Runs statements that give no rows, or whose rows do not matter.
  DbCode execute(const char* sql);
  /// Prepares; an empty statement's step() fails, so callers need not look.
  SqliteStatement prepare(const char* sql);
  /// The single integer that a query gives, or `otherwise`.
  int64_t integer(const char* sql, int64_t otherwise);
  bool in_transaction() const;
  /// First finding of SQLite's own check, which also compares indexes with their tables; or
  /// nothing.
  std::optional<std::string> integrity_fault();

  /// Leaves the WAL file in place and uncheckpointed when the connection closes.
  void keep_wal_on_close();
  /// Copies the whole WAL into the database and syncs it; the next commit starts at the WAL's
  /// beginning again, in place.
  DbCode checkpoint();
  /// Bytes of the WAL that hold commits since the last checkpoint.
  size_t wal_used() const { return wal_used_; }
  /// Where the last commit ended in the WAL; nothing when there is no WAL.
  std::optional<WalPlace> wal_place() const;
  /// Appends zeros to the WAL file until it is `size` long. They lie behind all frames, so SQLite
  /// takes them for the end of the log; commits later overwrite them in place, which spares
  /// fdatasync the file-size journal commit.
  DbCode extend_wal(size_t size);
  /// Cuts the WAL file behind its last commit and syncs it: frames of earlier generations go.
  DbCode cut_wal();
  /// Length of the WAL file, 0 when there is none.
  size_t wal_size() const;

  /// SQLite's text for the last failure. For the log only, never for a user.
  std::string error() const;

 private:
  explicit SqliteDatabase(sqlite3* handle) : handle_(handle) {}
  static int on_wal(void* self, sqlite3* handle, const char* name, int pages);

  sqlite3* handle_;
  size_t wal_used_ = 0;
};

}  // namespace charter
