#include "controller/store/sqlite_database.h"

#include "controller/base/log.h"

#include <sqlite3.h>

#include <algorithm>
#include <string>

namespace charter {
namespace {

constexpr size_t kZeroBlockBytes = 64 * 1024;
// A frame of the WAL is a page and this header.
constexpr size_t kWalFrameHeaderBytes = 24;
constexpr size_t kWalHeaderBytes = 32;

DbCode code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_OK:
    case SQLITE_DONE:
      return DbCode::Ok;
    case SQLITE_ROW:
      return DbCode::Row;
    case SQLITE_FULL:
      return DbCode::Full;
    case SQLITE_CONSTRAINT:
      return DbCode::Constraint;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return DbCode::Busy;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return DbCode::Damaged;
    default:
      return DbCode::Failed;
  }
}

// SQLite's handle of the WAL file, or null when there is none (yet).
sqlite3_file* wal_file(sqlite3* handle) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  return file != nullptr && file->pMethods != nullptr ? file : nullptr;
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

SqliteStatement& SqliteStatement::integer(int64_t value) {
  sqlite3_bind_int64(statement_.get(), next_++, value);
  return *this;
}

SqliteStatement& SqliteStatement::text(std::string_view value) {
  // A null pointer would bind NULL: an empty view must stay an empty text.
  const char* at = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_text64(statement_.get(), next_++, at, value.size(), SQLITE_STATIC, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::blob(std::string_view value) {
  const char* at = value.data() != nullptr ? value.data() : "";
  sqlite3_bind_blob64(statement_.get(), next_++, at, value.size(), SQLITE_STATIC);
  return *this;
}

DbCode SqliteStatement::step() {
  return statement_ ? code_of(sqlite3_step(statement_.get())) : DbCode::Failed;
}

DbCode SqliteStatement::run() {
  const DbCode code = step();
  reset();
  return code;
}

void SqliteStatement::reset() {
  sqlite3_reset(statement_.get());
  next_ = 1;
}

int64_t SqliteStatement::integer_at(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::bytes_at(int column) const {
  const void* at = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return at != nullptr ? std::string_view(static_cast<const char*>(at), size) : std::string_view();
}

std::unique_ptr<SqliteDatabase> SqliteDatabase::open(const std::string& path,
                                                     const std::string& vfs) {
  sqlite3* handle = nullptr;
  // NOMUTEX: one thread at a time is this type's contract.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  const int result =
      sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(handle));
  if (result != SQLITE_OK) {
    log_error("store", "cannot open database", {{"path", path}, {"error", database->error()}});
    return nullptr;
  }
  sqlite3_extended_result_codes(handle, 1);
  // Replaces SQLite's own automatic checkpoints: the writer decides when.
  sqlite3_wal_hook(handle, &SqliteDatabase::on_wal, database.get());
  database->execute(("PRAGMA page_size=" + std::to_string(kPageBytes)).c_str());
  return database;
}

SqliteDatabase::~SqliteDatabase() {
  sqlite3_close(handle_);
}

int SqliteDatabase::on_wal(void* self, sqlite3*, const char*, int pages) {
  auto* database = static_cast<SqliteDatabase*>(self);
  database->wal_used_ = static_cast<size_t>(pages) * (kPageBytes + kWalFrameHeaderBytes);
  return SQLITE_OK;
}

DbCode SqliteDatabase::execute(const char* sql) {
  return code_of(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr));
}

SqliteStatement SqliteDatabase::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  return SqliteStatement(statement);
}

int64_t SqliteDatabase::integer(const char* sql, int64_t otherwise) {
  SqliteStatement statement = prepare(sql);
  return statement.step() == DbCode::Row ? statement.integer_at(0) : otherwise;
}

bool SqliteDatabase::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void SqliteDatabase::keep_wal_on_close() {
  int on = 1;
  sqlite3_file_control(handle_, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

DbCode SqliteDatabase::checkpoint() {
  const int result =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  const DbCode code = code_of(result);
  if (code == DbCode::Ok) wal_used_ = 0;
  return code;
}

size_t SqliteDatabase::wal_size() const {
  sqlite3_file* file = wal_file(handle_);
  sqlite3_int64 size = 0;
  if (file == nullptr || file->pMethods->xFileSize(file, &size) != SQLITE_OK) return 0;
  return static_cast<size_t>(size);
}

std::optional<WalPlace> SqliteDatabase::wal_place() const {
  constexpr int kSaltsAt = 16;
  sqlite3_file* file = wal_file(handle_);
  unsigned char salts[8];
  if (file == nullptr || file->pMethods->xRead(file, salts, sizeof salts, kSaltsAt) != SQLITE_OK) {
    return std::nullopt;
  }
  const auto number = [&](size_t at) {
    return static_cast<uint32_t>(salts[at] << 24 | salts[at + 1] << 16 | salts[at + 2] << 8 |
                                 salts[at + 3]);
  };
  return WalPlace{number(0), number(4),
                  static_cast<uint32_t>(wal_used_ / (kPageBytes + kWalFrameHeaderBytes))};
}

DbCode SqliteDatabase::extend_wal(size_t size) {
  sqlite3_file* file = wal_file(handle_);
  static const std::string zeros(kZeroBlockBytes, '\0');
  for (size_t at = wal_size(); file != nullptr && at < size;) {
    const size_t count = std::min(kZeroBlockBytes, size - at);
    const int result = file->pMethods->xWrite(file, zeros.data(), static_cast<int>(count),
                                              static_cast<sqlite3_int64>(at));
    if (result != SQLITE_OK) return code_of(result);
    at += count;
  }
  return DbCode::Ok;
}

DbCode SqliteDatabase::cut_wal() {
  sqlite3_file* file = wal_file(handle_);
  const size_t end = kWalHeaderBytes + wal_used_;
  if (file == nullptr || wal_size() <= end) return DbCode::Ok;
  int result = file->pMethods->xTruncate(file, static_cast<sqlite3_int64>(end));
  if (result == SQLITE_OK) result = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  return code_of(result);
}

std::optional<std::string> SqliteDatabase::integrity_fault() {
  SqliteStatement check = prepare("PRAGMA integrity_check(1)");
  if (check.step() != DbCode::Row) return error();
  if (check.bytes_at(0) == "ok") return std::nullopt;
  return std::string(check.bytes_at(0));
}

std::string SqliteDatabase::error() const {
  return std::string(sqlite3_errmsg(handle_)) + " (" +
         std::to_string(sqlite3_extended_errcode(handle_)) + ")";
}

}  // namespace charter
