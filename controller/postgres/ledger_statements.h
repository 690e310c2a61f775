#pragma once

#include "controller/object/ledger.h"
#include "controller/postgres/postgres_connection.h"
#include "controller/store/ledger_judge.h"
#include "controller/store/ledger_rows.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// The ledger's tables in PostgreSQL and every statement on them. All are in a schema of their own:
//
//   charter.ledger       position | edge | subject | … | begun | hash     as in ledger_table.h, but
//                        its texts are in the rows; triggers refuse changes and removals
//   charter.ledger_open  position | payer | subject     beginnings without an end
//   charter.ledger_head  one row: format, epoch, and position and hash of the newest row. Whoever
//                        appends locks it first, so rows are committed in the order of positions
//
// Internal to this folder. Each function runs within a transaction of its caller's; errors are
// those of PostgresConnection.
namespace charter::postgres {

/// Version of these tables.
inline constexpr int64_t kFormat = 1;

/// The one row of ledger_head.
struct Head {
  int64_t epoch = 0;
  int64_t position = 0;
  std::string hash;
};

/// Makes the tables unless they are there. Errors: InternalError when they are of a newer program.
Status prepare_tables(PostgresConnection& connection);
/// Whether they are there. Errors: as prepare_tables.
Result<bool> has_tables(PostgresConnection& connection);

/// The head as it is now.
Result<Head> read_head(PostgresConnection& connection);
/// The head, which nobody else changes until the transaction ends.
Result<Head> lock_head(PostgresConnection& connection);
Status write_head(PostgresConnection& connection, const Head& head);

/// Appends a row behind `head`, which then is the row's.
Status append(PostgresConnection& connection, const LedgerEdge& edge, Head& head);

/// What judge_edges asks, of this connection.
class Record final : public LedgerRecord {
 public:
  explicit Record(PostgresConnection& connection) : connection_(connection) {}
  DbCode find_latest(const LedgerEdge& edge, LedgerLatest& latest) override;
  DbCode find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) override;
  /// What went wrong when an answer was DbCode::Failed.
  const Error& error() const { return error_; }

 private:
  PostgresConnection& connection_;
  Error error_;
};

/// Beginnings of a subject that have no end.
Result<std::vector<MeterSpan>> read_lasting(PostgresConnection& connection,
                                            const std::string& subject);
Result<std::vector<std::string>> read_open_subjects(PostgresConnection& connection);

/// Beginnings up to `as_of` whose end, if any, lies behind it: all of one moment.
Result<std::vector<LedgerInterval>> read_open(PostgresConnection& connection,
                                              const LedgerQuery& query, int64_t as_of);
/// Where a page of ends goes on.
struct Place {
  int64_t until = 0, position = 0;
};
/// Ends up to `as_of` that overlap, at most limits::kLedgerPageRows; `place` moves on.
Result<std::vector<LedgerInterval>> read_ended(PostgresConnection& connection,
                                               const LedgerQuery& query, int64_t as_of,
                                               Place& place);
/// See LedgerReader::is_changed_since.
Result<bool> look_for_change(PostgresConnection& connection, const std::string& payer,
                             int64_t position, int64_t to_s);

/// Rows behind `position`, at most limits::kLedgerPageRows.
Result<std::vector<ledger_rows::Row>> read_rows(PostgresConnection& connection, int64_t position);
/// Payer and position of each row of ledger_open.
Result<std::vector<std::pair<std::string, int64_t>>> read_listed(PostgresConnection& connection);

}  // namespace charter::postgres
