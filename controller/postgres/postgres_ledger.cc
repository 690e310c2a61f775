#include "controller/postgres/postgres_ledger.h"

#include "controller/base/log.h"
#include "controller/postgres/ledger_statements.h"
#include "controller/store/ledger_follow.h"
#include "controller/store/ledger_limits.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace charter {

PostgresLedger::PostgresLedger(std::unique_ptr<PostgresSession> session,
                               std::function<Status()> may_write)
    : may_write_(std::move(may_write)), session_(std::move(session)) {}

PostgresLedger::~PostgresLedger() = default;

Result<std::unique_ptr<PostgresLedger>> PostgresLedger::open(PostgresAddress address,
                                                             const Clock& clock, Random& random,
                                                             std::function<Status()> may_write) {
  auto session = std::make_unique<PostgresSession>(std::move(address), clock, random);
  CHARTER_TRY(session->write(postgres::prepare_tables));
  return std::unique_ptr<PostgresLedger>(
      new PostgresLedger(std::move(session), std::move(may_write)));
}

Result<std::unique_ptr<PostgresLedger>> PostgresLedger::open_to_read(PostgresAddress address,
                                                                     const Clock& clock,
                                                                     Random& random) {
  auto session = std::make_unique<PostgresSession>(std::move(address), clock, random);
  CHARTER_TRY(session->read([&](PostgresConnection& connection) -> Status {
    CHARTER_TRY_ASSIGN(const bool there, postgres::has_tables(connection));
    if (there) return {};
    return Error{Code::NotFound, session->label() + ": there is no ledger in this database"};
  }));
  const auto nobody = []() -> Status { return Error{Code::Forbidden, "opened for reading"}; };
  return std::unique_ptr<PostgresLedger>(new PostgresLedger(std::move(session), nobody));
}

Status PostgresLedger::begin_term() {
  const std::lock_guard lock(mutex_);
  CHARTER_TRY(may_write());
  int64_t epoch = 0;
  const Status begun = session_->write([&](PostgresConnection& connection) -> Status {
    CHARTER_TRY_ASSIGN(postgres::Head head, postgres::lock_head(connection));
    // The lock may have been waited for, and a term lost meanwhile.
    CHARTER_TRY(may_write());
    epoch = ++head.epoch;
    return postgres::write_head(connection, head);
  });
  if (!begun) return begun;
  epoch_ = epoch;
  log_info("ledger", "a term begins", {{"epoch", std::to_string(epoch)}});
  return {};
}

Status PostgresLedger::check_epoch(const postgres::Head& head) {
  if (!epoch_ || head.epoch == *epoch_) return {};
  fenced_ = true;
  return Error{Code::Forbidden, session_->label() + ": another process has begun a later term"};
}

Status PostgresLedger::write(const std::string& subject, const Edges& edges) {
  const std::lock_guard lock(mutex_);
  CHARTER_TRY(may_write());
  return session_->write(
      [&](PostgresConnection& connection) { return write_in_turn(connection, subject, edges); });
}

Status PostgresLedger::write_in_turn(PostgresConnection& connection, const std::string& subject,
                                     const Edges& edges) {
  CHARTER_TRY_ASSIGN(postgres::Head head, postgres::lock_head(connection));
  CHARTER_TRY(check_epoch(head));
  CHARTER_TRY(may_write());  // the lock may have been waited for
  CHARTER_TRY_ASSIGN(const auto last, postgres::read_lasting(connection, subject));
  CHARTER_TRY_ASSIGN(auto fresh, edges(last));
  postgres::Record record(connection);
  std::optional<Error> refusal;
  if (judge_edges(record, fresh, refusal) != DbCode::Ok) return record.error();
  if (refusal) return *refusal;
  if (fresh.empty()) return {};
  for (const LedgerEdge& edge : fresh)
    CHARTER_TRY(postgres::append(connection, edge, head));
  return postgres::write_head(connection, head);
}

Result<std::vector<std::string>> PostgresLedger::open_subjects() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> subjects;
  CHARTER_TRY(session_->read([&](PostgresConnection& connection) -> Status {
    CHARTER_TRY_ASSIGN(subjects, postgres::read_open_subjects(connection));
    return {};
  }));
  return subjects;
}

// A transaction for each piece: a report never keeps a writer waiting. Rows are never changed, so
// `as_of` alone makes the pieces of one moment.
Result<int64_t> PostgresLedger::read_ledger(
    const LedgerQuery& query, const std::function<Status(const LedgerInterval&)>& visit) const {
  int64_t as_of = query.as_of;
  std::vector<LedgerInterval> page;
  {
    const std::lock_guard lock(mutex_);
    CHARTER_TRY(session_->read([&](PostgresConnection& connection) -> Status {
      if (query.as_of == 0) {
        CHARTER_TRY_ASSIGN(const postgres::Head head, postgres::read_head(connection));
        as_of = head.position;
      }
      CHARTER_TRY_ASSIGN(page, postgres::read_open(connection, query, as_of));
      return {};
    }));
  }
  for (const LedgerInterval& interval : page)
    CHARTER_TRY(visit(interval));
  postgres::Place place{query.from_s, std::numeric_limits<int64_t>::max()};
  do {
    {
      const std::lock_guard lock(mutex_);
      const postgres::Place from = place;
      CHARTER_TRY(session_->read([&](PostgresConnection& connection) -> Status {
        place = from;
        CHARTER_TRY_ASSIGN(page, postgres::read_ended(connection, query, as_of, place));
        return {};
      }));
    }
    for (const LedgerInterval& interval : page)
      CHARTER_TRY(visit(interval));
  } while (page.size() == limits::kLedgerPageRows);
  return as_of;
}

Result<bool> PostgresLedger::is_changed_since(const std::string& payer, int64_t position,
                                              int64_t to_s) const {
  const std::lock_guard lock(mutex_);
  bool changed = false;
  CHARTER_TRY(session_->read([&](PostgresConnection& connection) -> Status {
    CHARTER_TRY_ASSIGN(changed, postgres::look_for_change(connection, payer, position, to_s));
    return {};
  }));
  return changed;
}

Status PostgresLedger::verify(
    const std::function<void(std::string where, std::string what)>& find) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> findings;
  CHARTER_TRY(session_->read([&](PostgresConnection& connection) -> Status {
    findings.clear();
    const std::function<void(std::string, std::string)> note = [&](std::string where,
                                                                   std::string what) {
      findings.emplace_back(std::move(where), std::move(what));
    };
    LedgerFollow follow(note);
    for (size_t got = limits::kLedgerPageRows; got == limits::kLedgerPageRows;) {
      CHARTER_TRY_ASSIGN(const auto rows, postgres::read_rows(connection, follow.position()));
      for (const ledger_rows::Row& row : rows)
        follow.look_at(row);
      got = rows.size();
    }
    CHARTER_TRY_ASSIGN(const postgres::Head head, postgres::read_head(connection));
    if (head.position != follow.position() || head.hash != follow.head())
      note("ledger_head", "does not name the last row: rows are missing at the end, or were added");
    CHARTER_TRY_ASSIGN(auto listed, postgres::read_listed(connection));
    if (std::set(listed.begin(), listed.end()) != follow.open())
      note("ledger_open", "does not list the intervals that last, as the ledger has them");
    return {};
  }));
  for (auto& [where, what] : findings)
    find(std::move(where), std::move(what));
  return {};
}

}  // namespace charter
