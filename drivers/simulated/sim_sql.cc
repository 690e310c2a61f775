#include "drivers/simulated/sim_sql.h"

#include <sqlite3.h>

namespace charter {
namespace {

// Long enough for an admin's transaction in another process, which takes microseconds, under any
// load.
constexpr int kBusyTimeoutMs = 10'000;

void require(int code, sqlite3* connection) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  throw SqlError(connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
}

}  // namespace

SqlCursor::~SqlCursor() {
  if (!statement_) return;  // moved from
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqlCursor::bind(int place, int64_t value) {
  require(sqlite3_bind_int64(statement_, place, value), connection_);
}

void SqlCursor::bind(int place, std::string_view value) {
  // An empty view may point nowhere, which SQLite would read as NULL.
  const char* text = value.data() ? value.data() : "";
  const int bytes = static_cast<int>(value.size());
  require(sqlite3_bind_text(statement_, place, text, bytes, SQLITE_TRANSIENT), connection_);
}

bool SqlCursor::step() {
  const int code = sqlite3_step(statement_);
  require(code, connection_);
  return code == SQLITE_ROW;
}

int64_t SqlCursor::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string SqlCursor::text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return text ? std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement_, column)))
              : std::string();
}

SqlConnection::SqlConnection(const std::string& path, SqlAccess access) {
  const int create = access == SqlAccess::Owner ? SQLITE_OPEN_CREATE : 0;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | create;
  const int code = sqlite3_open_v2(path.c_str(), &connection_, flags, nullptr);
  try {
    require(code, connection_);
    sqlite3_busy_timeout(connection_, kBusyTimeoutMs);
    // A killed process loses nothing of what it gave to the kernel, and this file plays a system
    // that does not share our machine's power supply: no fsync.
    script("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA secure_delete=OFF;");
    if (access == SqlAccess::Visitor) {
      // SQLite before 3.51.3 may corrupt a WAL when one connection checkpoints while another
      // writes. Only the owner ever checkpoints, so this cannot happen.
      script("PRAGMA wal_autocheckpoint=0;");
      sqlite3_db_config(connection_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
  } catch (...) {
    sqlite3_close(connection_);
    throw;
  }
}

SqlConnection::~SqlConnection() {
  for (const auto& [sql, statement] : cache_)
    sqlite3_finalize(statement);
  sqlite3_close(connection_);
}

void SqlConnection::script(const char* sql) {
  require(sqlite3_exec(connection_, sql, nullptr, nullptr, nullptr), connection_);
}

int64_t SqlConnection::last_id() const {
  return sqlite3_last_insert_rowid(connection_);
}

sqlite3_stmt* SqlConnection::prepared(const char* sql) {
  const auto found = cache_.find(std::string_view(sql));
  if (found != cache_.end()) return found->second;
  sqlite3_stmt* statement = nullptr;
  require(sqlite3_prepare_v3(connection_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr),
          connection_);
  return cache_[sql] = statement;
}

}  // namespace charter
