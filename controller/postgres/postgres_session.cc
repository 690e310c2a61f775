#include "controller/postgres/postgres_session.h"

#include "controller/postgres/limits.h"

#include <algorithm>
#include <string>
#include <utility>

namespace charter {
namespace {

// For each connection. A role may have its own settings; those that a ledger depends on are ours.
// What is acknowledged must be on the server's disk: stronger settings than `on` are kept.
constexpr const char* kSettings =
    "SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', $1, false), "
    "set_config('idle_in_transaction_session_timeout', $2, false), "
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN "
    "'on' ELSE current_setting('synchronous_commit') END, false), "
    "current_setting('server_encoding'), current_setting('fsync')";
constexpr int kEncodingColumn = 4, kFsyncColumn = 5;

constexpr const char* kBeginWrite = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
constexpr const char* kBeginRead = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

std::string milliseconds(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count());
}

}  // namespace

PostgresSession::PostgresSession(PostgresAddress address, const Clock& clock, Random& random)
    : address_(std::move(address)), clock_(clock), random_(random) {}

Status PostgresSession::write(const Work& work) {
  return attempt(kBeginWrite, work);
}

Status PostgresSession::read(const Work& work) {
  return attempt(kBeginRead, work);
}

Status PostgresSession::attempt(const char* begin, const Work& work) {
  for (;;) {
    const bool fresh = connection_ == nullptr;
    if (fresh) CHARTER_TRY(connect());
    const Status done = carry_out(begin, work);
    if (connection_->is_lost()) connection_.reset();
    if (done || connection_ || fresh) return done;
  }
}

Status PostgresSession::carry_out(const char* begin, const Work& work) {
  CHARTER_TRY(connection_->run(begin));
  Status done = work(*connection_);
  if (done) {
    CHARTER_TRY(connection_->run("COMMIT"));
    return {};
  }
  // A connection that cannot even do this is of no use.
  if (!connection_->is_lost() && !connection_->run("ROLLBACK")) connection_.reset();
  return done;
}

Status PostgresSession::connect() {
  if (clock_.monotonic() < retry_at_)
    return Error{Code::ServiceUnavailable,
                 label() + ": the ledger's database could not be reached; tried again soon"};
  auto opened = PostgresConnection::open(address_, clock_);
  Status ready = opened ? Status() : Status(opened.error());
  if (opened) {
    connection_ = std::move(*opened);
    ready = prepare();
  }
  if (ready) {
    pause_ = {};
    return {};
  }
  connection_.reset();
  pause_ = std::clamp(pause_ * 2, limits::kPostgresRetryFirst, limits::kPostgresRetryLast);
  // Half of it is random: replicas do not come back all at once.
  const auto half = static_cast<uint64_t>(pause_.count() / 2);
  retry_at_ =
      clock_.monotonic() + Duration(static_cast<int64_t>(half + random_below(random_, half)));
  return ready;
}

Status PostgresSession::prepare() {
  CHARTER_TRY_ASSIGN(const PostgresRows rows,
                     connection_->run(kSettings, {milliseconds(limits::kPostgresStatement),
                                                  milliseconds(limits::kPostgresSilence)}));
  if (rows.text(0, kEncodingColumn) != "UTF8")
    return Error{Code::InternalError, label() + ": the database's encoding has to be UTF8, it is " +
                                          std::string(rows.text(0, kEncodingColumn))};
  if (rows.text(0, kFsyncColumn) != "on")
    return Error{Code::InternalError,
                 label() + ": the server has fsync off and would lose what it acknowledged"};
  return {};
}

}  // namespace charter
