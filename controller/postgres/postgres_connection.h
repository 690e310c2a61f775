#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"
#include "controller/postgres/postgres_address.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

// libpq as two owning types. Nothing else in the product calls PQ…. Every wait has a deadline, so
// that a server that is stopped or cut off costs a caller that and no more; only the look-up of a
// host's name takes the time that the system's resolver takes.
namespace charter {

/// Rows that a statement gave.
class PostgresRows {
 public:
  explicit PostgresRows(pg_result* rows) : rows_(rows) {}

  int count() const;
  /// A value as text; NULL is empty. Lives as long as these rows.
  std::string_view text(int row, int column) const;
  /// A value that is a whole number; 0 for what somebody made of it: the ledger's chain tells.
  int64_t integer(int row, int column) const;

 private:
  /// Ends a result.
  struct Clear {
    void operator()(pg_result* rows) const;
  };
  std::unique_ptr<pg_result, Clear> rows_;
};

/// One connection. Thread contract: one thread at a time.
///
/// Errors of its calls: ServiceUnavailable when the same may succeed later (no connection, no
/// answer in time, a lock that is held, a server that ends), InsufficientStorage, Forbidden when
/// the server's rights forbid it, Invalid for a text that it cannot hold, InternalError. The log
/// has PostgreSQL's own words, without passwords.
class PostgresConnection {
 public:
  /// What `$1`, `$2` … of a statement stand for.
  using Parameters = std::vector<std::string>;

  static Result<std::unique_ptr<PostgresConnection>> open(const PostgresAddress& address,
                                                          const Clock& clock);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  /// One statement. Errors: also Invalid for a parameter with a zero byte.
  Result<PostgresRows> run(const char* sql, const Parameters& parameters = {});
  /// Several statements without parameters, as one transaction unless they say otherwise.
  Status run_script(const char* sql);
  /// Nothing can be asked any more; whether the last statement was carried out is not known.
  bool is_lost() const { return lost_; }

 private:
  PostgresConnection(pg_conn* handle, std::string label, const Clock& clock);
  Status connect();
  Result<PostgresRows> finish();
  Status wait_for_answer(Duration end);
  Error failed(const pg_result* result);
  Error lost(const char* why);
  std::string words() const;

  pg_conn* const handle_;
  const std::string label_;
  const Clock& clock_;
  bool lost_ = false;
};

}  // namespace charter
