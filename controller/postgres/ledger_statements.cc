#include "controller/postgres/ledger_statements.h"

#include "controller/store/ledger_limits.h"

#include <utility>

namespace charter::postgres {
namespace {

// Texts are compared byte by byte: the order of a locale changes with the system's C library, and
// an index with it.
constexpr const char* kTables = R"sql(
CREATE TABLE charter.ledger (
  position   bigint PRIMARY KEY,
  edge       smallint NOT NULL CHECK (edge IN (0, 1)),
  subject    text COLLATE "C" NOT NULL,
  meter      text COLLATE "C" NOT NULL,
  basis      text COLLATE "C" NOT NULL,
  number     bigint NOT NULL,
  since      bigint NOT NULL,
  until      bigint NOT NULL,
  payer      text COLLATE "C" NOT NULL,
  payer_name text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  part_of    text COLLATE "C" NOT NULL,
  actor      text COLLATE "C" NOT NULL,
  ended_by   text COLLATE "C" NOT NULL,
  amounts    text COLLATE "C" NOT NULL,
  detail     text COLLATE "C" NOT NULL,
  begun      bigint NOT NULL,
  hash       bytea NOT NULL,
  UNIQUE (subject, meter, basis, number, edge)
);
CREATE INDEX ledger_ends ON charter.ledger (payer, until, position) WHERE edge = 1;
CREATE TABLE charter.ledger_open (
  position bigint PRIMARY KEY,
  payer    text COLLATE "C" NOT NULL,
  subject  text COLLATE "C" NOT NULL
);
CREATE INDEX ledger_open_payer ON charter.ledger_open (payer);
CREATE INDEX ledger_open_subject ON charter.ledger_open (subject);
CREATE TABLE charter.ledger_head (
  one      boolean PRIMARY KEY DEFAULT true CHECK (one),
  format   integer NOT NULL,
  epoch    bigint NOT NULL,
  position bigint NOT NULL,
  hash     bytea NOT NULL
);
INSERT INTO charter.ledger_head (format, epoch, position, hash)
  VALUES (1, 0, 0, decode(repeat('00', 32), 'hex'));
CREATE FUNCTION charter.ledger_only_grows() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'the ledger only grows: its rows are never changed or removed';
END
$body$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON charter.ledger
  FOR EACH STATEMENT EXECUTE FUNCTION charter.ledger_only_grows();
)sql";

// Replicas that start at once make the tables one after the other. Any number, but always this one.
constexpr const char* kMakersLock = "SELECT pg_advisory_xact_lock(7161124920512833)";

constexpr const char* kColumns =
    "position, edge, subject, meter, basis, number, since, until, payer, payer_name, name, "
    "part_of, actor, ended_by, amounts, detail, begun, encode(hash, 'hex')";
// Of which a bill needs these; the others are as long as they have to be.
constexpr const char* kAmountColumns =
    "position, edge, '', meter, basis, 0, since, until, '', '', '', '', '', '', amounts, detail, "
    "begun, ''";

std::string select(const char* columns, const std::string& rest) {
  return std::string("SELECT ") + columns + " FROM charter.ledger " + rest;
}

std::string from_hex(std::string_view digits) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  std::string bytes;
  for (size_t at = 0; at + 1 < digits.size(); at += 2)
    bytes += static_cast<char>(value(digits[at]) * 16 + value(digits[at + 1]));
  return bytes;
}

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string digits;
  for (const char byte : bytes) {
    digits += kDigits[static_cast<unsigned char>(byte) >> 4];
    digits += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return digits;
}

ledger_rows::Row row_at(const PostgresRows& rows, int at) {
  const auto integer = [&](int column) { return rows.integer(at, column); };
  ledger_rows::Row row;
  row.position = integer(0);
  ledger_rows::read_edge([&](int column) { return rows.text(at, column); }, integer,
                         row.edge.subject, row.edge.span);
  row.begun = integer(16);
  row.hash = from_hex(rows.text(at, 17));
  return row;
}

std::vector<ledger_rows::Row> all_of(const PostgresRows& rows) {
  std::vector<ledger_rows::Row> out;
  out.reserve(static_cast<size_t>(rows.count()));
  for (int at = 0; at < rows.count(); ++at)
    out.push_back(row_at(rows, at));
  return out;
}

LedgerInterval interval_of(ledger_rows::Row row) {
  const bool closes = row.edge.closes();
  return {std::move(row.edge.subject), std::move(row.edge.span), closes ? row.begun : row.position,
          closes ? row.position : 0};
}

Head head_of(const PostgresRows& rows) {
  return {rows.integer(0, 0), rows.integer(0, 1), from_hex(rows.text(0, 2))};
}

PostgresConnection::Parameters key_of(const LedgerEdge& edge) {
  return {edge.subject, edge.span.meter, edge.span.basis};
}

}  // namespace

Result<bool> has_tables(PostgresConnection& connection) {
  CHARTER_TRY_ASSIGN(const auto there,
                     connection.run("SELECT to_regclass('charter.ledger_head') IS NOT NULL"));
  if (there.text(0, 0) != "t") return false;
  CHARTER_TRY_ASSIGN(const auto format, connection.run("SELECT format FROM charter.ledger_head"));
  if (format.count() != 1)
    return Error{Code::InternalError, "the ledger's head is missing: charter.ledger_head"};
  if (format.integer(0, 0) > kFormat)
    return Error{Code::InternalError, "the ledger is of a newer program"};
  return true;
}

Status prepare_tables(PostgresConnection& connection) {
  CHARTER_TRY(connection.run(kMakersLock));
  CHARTER_TRY_ASSIGN(const bool there, has_tables(connection));
  if (there) return {};
  // An administrator may have made the schema for a user who may make none.
  CHARTER_TRY_ASSIGN(const auto schema,
                     connection.run("SELECT to_regnamespace('charter') IS NOT NULL"));
  if (schema.text(0, 0) != "t") CHARTER_TRY(connection.run("CREATE SCHEMA charter"));
  return connection.run_script(kTables);
}

Result<Head> read_head(PostgresConnection& connection) {
  CHARTER_TRY_ASSIGN(
      const auto rows,
      connection.run("SELECT epoch, position, encode(hash, 'hex') FROM charter.ledger_head"));
  if (rows.count() != 1)
    return Error{Code::InternalError, "the ledger's head is missing: charter.ledger_head"};
  return head_of(rows);
}

Result<Head> lock_head(PostgresConnection& connection) {
  CHARTER_TRY_ASSIGN(const auto rows,
                     connection.run("SELECT epoch, position, encode(hash, 'hex') FROM "
                                    "charter.ledger_head FOR UPDATE"));
  if (rows.count() != 1)
    return Error{Code::InternalError, "the ledger's head is missing: charter.ledger_head"};
  return head_of(rows);
}

Status write_head(PostgresConnection& connection, const Head& head) {
  CHARTER_TRY(connection.run(
      "UPDATE charter.ledger_head SET epoch=$1, position=$2, hash=decode($3, 'hex')",
      {std::to_string(head.epoch), std::to_string(head.position), to_hex(head.hash)}));
  return {};
}

Status append(PostgresConnection& connection, const LedgerEdge& edge, Head& head) {
  const MeterSpan& span = edge.span;
  ledger_rows::Row row{head.position + 1, edge, 0, {}};
  auto key = key_of(edge);
  key.push_back(std::to_string(span.number));
  if (edge.closes()) {
    CHARTER_TRY_ASSIGN(
        const auto begun,
        connection.run("DELETE FROM charter.ledger_open USING charter.ledger AS b WHERE "
                       "ledger_open.position=b.position AND b.subject=$1 AND b.meter=$2 AND "
                       "b.basis=$3 AND b.number=$4 AND b.edge=0 RETURNING b.position",
                       key));
    if (begun.count() != 1)
      return Error{Code::InternalError,
                   "ledger: " + ledger_rows::title(edge) + ": its beginning is not listed"};
    row.begun = begun.integer(0, 0);
  }
  row.hash = ledger_rows::chain(head.hash, row);
  CHARTER_TRY(connection.run(
      "INSERT INTO charter.ledger VALUES "
      "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,decode($18, 'hex'))",
      {std::to_string(row.position), edge.closes() ? "1" : "0", edge.subject, span.meter,
       span.basis, std::to_string(span.number), std::to_string(span.from_s),
       std::to_string(span.to_s.value_or(0)), span.payer, span.payer_name, span.name, span.part_of,
       span.by, span.ended_by, span.amounts, span.detail, std::to_string(row.begun),
       to_hex(row.hash)}));
  if (!edge.closes()) {
    CHARTER_TRY(connection.run("INSERT INTO charter.ledger_open VALUES ($1,$2,$3)",
                               {std::to_string(row.position), span.payer, edge.subject}));
  }
  head.position = row.position;
  head.hash = std::move(row.hash);
  return {};
}

DbCode Record::find_latest(const LedgerEdge& edge, LedgerLatest& latest) {
  latest = {};
  auto rows = connection_.run(
      "SELECT number, edge, since, until FROM charter.ledger WHERE subject=$1 AND meter=$2 AND "
      "basis=$3 ORDER BY number DESC, edge DESC LIMIT 1",
      key_of(edge));
  if (!rows) {
    error_ = std::move(rows.error());
    return DbCode::Failed;
  }
  if (rows->count() != 0)
    latest = {rows->integer(0, 0), rows->integer(0, 1) != 0, rows->integer(0, 2),
              rows->integer(0, 3)};
  return DbCode::Ok;
}

DbCode Record::find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) {
  static const std::string kSql =
      select(kColumns, "WHERE subject=$1 AND meter=$2 AND basis=$3 AND number=$4 AND edge=$5");
  auto key = key_of(edge);
  key.push_back(std::to_string(edge.span.number));
  key.push_back(edge.closes() ? "1" : "0");
  auto rows = connection_.run(kSql.c_str(), key);
  if (!rows) {
    error_ = std::move(rows.error());
    return DbCode::Failed;
  }
  if (rows->count() != 0) row = row_at(*rows, 0).edge;
  return DbCode::Ok;
}

Result<std::vector<MeterSpan>> read_lasting(PostgresConnection& connection,
                                            const std::string& subject) {
  static const std::string kSql =
      select(kColumns,
             "WHERE position IN (SELECT position FROM charter.ledger_open WHERE subject=$1) "
             "ORDER BY position");
  CHARTER_TRY_ASSIGN(const auto rows, connection.run(kSql.c_str(), {subject}));
  std::vector<MeterSpan> spans;
  for (ledger_rows::Row& row : all_of(rows))
    spans.push_back(std::move(row.edge.span));
  return spans;
}

Result<std::vector<std::string>> read_open_subjects(PostgresConnection& connection) {
  CHARTER_TRY_ASSIGN(
      const auto rows,
      connection.run("SELECT DISTINCT subject FROM charter.ledger_open ORDER BY subject"));
  std::vector<std::string> subjects;
  for (int at = 0; at < rows.count(); ++at)
    subjects.emplace_back(rows.text(at, 0));
  return subjects;
}

Result<std::vector<LedgerInterval>> read_open(PostgresConnection& connection,
                                              const LedgerQuery& query, int64_t as_of) {
  // What has ended since was open then.
  static const std::string kSql =
      select(kColumns,
             "WHERE position IN (SELECT position FROM charter.ledger_open WHERE payer=$1) AND "
             "since<$2 AND position<=$3") +
      " UNION ALL " +
      select(kColumns, "WHERE position>$3 AND edge=1 AND payer=$1 AND since<$2 AND begun<=$3");
  CHARTER_TRY_ASSIGN(const auto rows,
                     connection.run(kSql.c_str(), {query.payer, std::to_string(query.to_s),
                                                   std::to_string(as_of)}));
  std::vector<LedgerInterval> intervals;
  for (ledger_rows::Row& row : all_of(rows)) {
    LedgerInterval interval = interval_of(std::move(row));
    ledger_rows::reopen(interval);
    intervals.push_back(std::move(interval));
  }
  return intervals;
}

Result<std::vector<LedgerInterval>> read_ended(PostgresConnection& connection,
                                               const LedgerQuery& query, int64_t as_of,
                                               Place& place) {
  static const std::string kRest =
      "WHERE payer=$1 AND edge=1 AND (until, position) > ($2, $3) AND since<$4 AND position<=$5 "
      "ORDER BY until, position LIMIT " +
      std::to_string(limits::kLedgerPageRows);
  const bool whole = query.columns == LedgerQuery::Columns::Everything;
  const std::string sql = select(whole ? kColumns : kAmountColumns, kRest);
  CHARTER_TRY_ASSIGN(
      const auto rows,
      connection.run(sql.c_str(),
                     {query.payer, std::to_string(place.until), std::to_string(place.position),
                      std::to_string(query.to_s), std::to_string(as_of)}));
  std::vector<LedgerInterval> intervals;
  for (ledger_rows::Row& row : all_of(rows)) {
    intervals.push_back(interval_of(std::move(row)));
    place = {*intervals.back().span.to_s, intervals.back().closed};
  }
  return intervals;
}

Result<bool> look_for_change(PostgresConnection& connection, const std::string& payer,
                             int64_t position, int64_t to_s) {
  CHARTER_TRY_ASSIGN(
      const auto rows,
      connection.run("SELECT 1 FROM charter.ledger WHERE position>$1 AND payer=$2 AND "
                     "(CASE edge WHEN 1 THEN until<=$3 ELSE since<$3 END) LIMIT 1",
                     {std::to_string(position), payer, std::to_string(to_s)}));
  return rows.count() != 0;
}

Result<std::vector<ledger_rows::Row>> read_rows(PostgresConnection& connection, int64_t position) {
  static const std::string kSql = select(kColumns, "WHERE position>$1 ORDER BY position LIMIT " +
                                                       std::to_string(limits::kLedgerPageRows));
  CHARTER_TRY_ASSIGN(const auto rows, connection.run(kSql.c_str(), {std::to_string(position)}));
  return all_of(rows);
}

Result<std::vector<std::pair<std::string, int64_t>>> read_listed(PostgresConnection& connection) {
  CHARTER_TRY_ASSIGN(const auto rows,
                     connection.run("SELECT payer, position FROM charter.ledger_open"));
  std::vector<std::pair<std::string, int64_t>> listed;
  for (int at = 0; at < rows.count(); ++at)
    listed.emplace_back(rows.text(at, 0), rows.integer(at, 1));
  return listed;
}

}  // namespace charter::postgres
