#include "controller/postgres/postgres_connection.h"

#include "controller/base/check.h"
#include "controller/base/log.h"
#include "controller/postgres/limits.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <poll.h>
#include <utility>

namespace charter {
namespace {

// Before the URI, which may say otherwise. A host that vanishes is found within half a minute; a
// server that only reads (a standby, an old primary) is not the one.
constexpr const char* kNames[] = {
    "fallback_application_name", "target_session_attrs", "keepalives_idle", "keepalives_interval",
    "keepalives_count",          "tcp_user_timeout",     "client_encoding", "dbname"};

/// Waits until the socket can do one of `events`; false when the time is over.
bool wait_for(int socket, short events, Duration left) {
  if (left <= Duration::zero()) return false;
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  pollfd waiting{socket, events, 0};
  return ::poll(&waiting, 1, static_cast<int>(ms)) != 0;
}

// PostgreSQL's SQLSTATE: the first two characters are the class.
Code code_of(std::string_view state) {
  if (state == "53100") return Code::InsufficientStorage;
  if (state == "22021" || state == "22P05") return Code::Invalid;  // not UTF-8
  if (state == "42501" || state.starts_with("28")) return Code::Forbidden;
  for (const char* later : {"08", "40", "53", "57", "55P03", "25P03", "25006"}) {
    if (state.starts_with(later)) return Code::ServiceUnavailable;
  }
  return Code::InternalError;
}

const char* meaning(Code code) {
  switch (code) {
    case Code::InsufficientStorage:
      return "no space is left for the ledger";
    case Code::Invalid:
      return "a text of it is not UTF-8";
    case Code::Forbidden:
      return "the ledger's user lacks a right in the database";
    case Code::ServiceUnavailable:
      return "the ledger's database does not take it now";
    default:
      return "the ledger's database failed";
  }
}

}  // namespace

void PostgresRows::Clear::operator()(pg_result* rows) const {
  PQclear(rows);
}

int PostgresRows::count() const {
  return PQntuples(rows_.get());
}

std::string_view PostgresRows::text(int row, int column) const {
  return {PQgetvalue(rows_.get(), row, column),
          static_cast<size_t>(PQgetlength(rows_.get(), row, column))};
}

int64_t PostgresRows::integer(int row, int column) const {
  const std::string_view digits = text(row, column);
  int64_t value = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return failed == std::errc() && end == digits.data() + digits.size() ? value : 0;
}

PostgresConnection::PostgresConnection(pg_conn* handle, std::string label, const Clock& clock)
    : handle_(handle), label_(std::move(label)), clock_(clock) {}

PostgresConnection::~PostgresConnection() {
  PQfinish(handle_);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::open(const PostgresAddress& address,
                                                                     const Clock& clock) {
  CHARTER_TRY_ASSIGN(const std::string uri, address.uri());
  const char* const values[] = {"charter", "read-write", "10",   "5",
                                "3",       "15000",      "UTF8", uri.c_str()};
  static_assert(std::size(values) == std::size(kNames));
  std::vector<const char*> names(std::begin(kNames), std::end(kNames)),
      given(std::begin(values), std::end(values));
  names.push_back(nullptr);
  given.push_back(nullptr);
  pg_conn* handle = PQconnectStartParams(names.data(), given.data(), /*expand_dbname=*/1);
  CHECK(handle != nullptr);
  std::unique_ptr<PostgresConnection> made(new PostgresConnection(handle, address.label(), clock));
  CHARTER_TRY(made->connect());
  return made;
}

Status PostgresConnection::connect() {
  if (PQstatus(handle_) == CONNECTION_BAD) return lost("cannot be connected to");
  // Notices would go to the standard error.
  PQsetNoticeReceiver(
      handle_, [](void*, const PGresult*) {}, nullptr);
  const Duration end = clock_.monotonic() + limits::kPostgresConnect;
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED) return lost("cannot be connected to");
    const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(handle_), events, end - clock_.monotonic()))
      return lost("does not answer");
    wanted = PQconnectPoll(handle_);
  }
  if (PQsetnonblocking(handle_, 1) != 0) return lost("cannot be connected to");
  return {};
}

Result<PostgresRows> PostgresConnection::run(const char* sql, const Parameters& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) {
    if (parameter.find('\0') != std::string::npos)
      return Error{Code::Invalid, label_ + ": PostgreSQL holds no text with a zero byte"};
    values.push_back(parameter.c_str());
  }
  if (PQsendQueryParams(handle_, sql, static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) != 1)
    return lost("cannot be asked");
  return finish();
}

Status PostgresConnection::run_script(const char* sql) {
  if (PQsendQuery(handle_, sql) != 1) return lost("cannot be asked");
  CHARTER_TRY(finish());
  return {};
}

/// The last of the results, or the first failure.
Result<PostgresRows> PostgresConnection::finish() {
  const Duration end = clock_.monotonic() + limits::kPostgresAnswer;
  PostgresRows rows(nullptr);
  std::optional<Error> error;
  for (;;) {
    CHARTER_TRY(wait_for_answer(end));
    pg_result* result = PQgetResult(handle_);
    if (result == nullptr) break;
    rows = PostgresRows(result);
    const ExecStatusType status = PQresultStatus(result);
    if (!error && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) error = failed(result);
  }
  if (PQstatus(handle_) == CONNECTION_BAD) lost_ = true;
  if (error) return *error;
  return rows;
}

Status PostgresConnection::wait_for_answer(Duration end) {
  for (;;) {
    const int unsent = PQflush(handle_);
    if (unsent < 0) return lost("is gone");
    if (unsent == 0 && PQisBusy(handle_) == 0) return {};
    const short events = static_cast<short>(unsent == 0 ? POLLIN : POLLIN | POLLOUT);
    if (!wait_for(PQsocket(handle_), events, end - clock_.monotonic()))
      return lost("does not answer");
    if (PQconsumeInput(handle_) != 1) return lost("is gone");
  }
}

std::string PostgresConnection::words() const {
  std::string words = PQerrorMessage(handle_);
  std::replace(words.begin(), words.end(), '\n', ' ');
  const char* password = PQpass(handle_);
  if (password == nullptr || *password == '\0') return words;
  const size_t length = std::strlen(password);
  for (size_t at = 0; (at = words.find(password, at)) != std::string::npos; ++at)
    words.replace(at, length, "*");
  return words;
}

Error PostgresConnection::failed(const pg_result* result) {
  const char* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = field == nullptr ? "08006" : field;  // the connection broke
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  log_warn("ledger", "PostgreSQL",
           {{"ledger", label_},
            {"sqlstate", state},
            {"error", primary == nullptr ? words() : std::string(primary)}});
  const Code code = code_of(state);
  // An administrator's command, a crash, a transaction that said nothing for long: it is over.
  if (state.starts_with("08") || state.starts_with("57P") || state == "25P03") lost_ = true;
  return {code, label_ + ": " + meaning(code)};
}

Error PostgresConnection::lost(const char* why) {
  lost_ = true;
  log_warn("ledger", "PostgreSQL", {{"ledger", label_}, {"what", why}, {"error", words()}});
  return {Code::ServiceUnavailable, label_ + ": the ledger's database " + why};
}

}  // namespace charter
