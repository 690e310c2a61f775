#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

// The simulated world's own thin hold on SQLite: a connection with a statement cache. It has
// nothing to do with the object store: the world plays a system outside of Charter. Not
// thread-safe; SimWorld locks. Throws SqlError, which SimWorld translates; no exception leaves
// drivers/simulated.
namespace charter {

/// What SQLite says went wrong. For the log only.
class SqlError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A bound statement in the middle of its run; goes back to the cache at the end of its life.
class SqlCursor {
 public:
  SqlCursor(sqlite3* connection, sqlite3_stmt* statement)
      : connection_(connection), statement_(statement) {}
  ~SqlCursor();
  SqlCursor(SqlCursor&& other) noexcept
      : connection_(other.connection_), statement_(std::exchange(other.statement_, nullptr)) {}
  SqlCursor(const SqlCursor&) = delete;
  SqlCursor& operator=(const SqlCursor&) = delete;

  void bind(int place, int64_t value);
  void bind(int place, int value) { bind(place, static_cast<int64_t>(value)); }
  void bind(int place, std::string_view value);
  void bind(int place, const std::string& value) { bind(place, std::string_view(value)); }
  void bind(int place, const char* value) { bind(place, std::string_view(value)); }

  /// Moves to the next row; false when there is none.
  bool step();
  int64_t integer(int column) const;
  std::string text(int column) const;

 private:
  sqlite3* connection_;
  sqlite3_stmt* statement_;
};

/// Who opens a world, and so whether the file may be made.
enum class SqlAccess {
  Owner,    ///< creates the file when missing; checkpoints
  Visitor,  ///< the file must exist; never checkpoints
};

/// One connection.
class SqlConnection {
 public:
  /// `path` may be ":memory:".
  SqlConnection(const std::string& path, SqlAccess access);
  ~SqlConnection();
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;

  /// Runs statements without arguments or results.
  void script(const char* sql);
  /// Binds `values` to ?1, ?2 … The same text must not be queried again while its cursor lives.
  template <class... Values>
  SqlCursor query(const char* sql, const Values&... values) {
    SqlCursor cursor(connection_, prepared(sql));
    int place = 0;
    (cursor.bind(++place, values), ...);
    return cursor;
  }
  template <class... Values>
  void run(const char* sql, const Values&... values) {
    SqlCursor cursor = query(sql, values...);
    while (cursor.step())
      continue;
  }
  int64_t last_id() const;

 private:
  sqlite3_stmt* prepared(const char* sql);

  sqlite3* connection_ = nullptr;
  std::map<std::string, sqlite3_stmt*, std::less<>> cache_;
};

}  // namespace charter
