#include "controller/store/ledger_table.h"

#include "controller/store/ledger_limits.h"
#include "controller/store/ledger_rows.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace charter {
namespace {

// A payer's ends are found by time: a report over a month of a contract of ten years reads that
// month.
constexpr const char* kSchema = R"sql(
CREATE TABLE ledger (
  position   INTEGER PRIMARY KEY,
  edge       INTEGER NOT NULL,
  subject    TEXT NOT NULL,
  meter      TEXT NOT NULL,
  basis      TEXT NOT NULL,
  number     INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  until      INTEGER NOT NULL,
  payer      TEXT NOT NULL,
  payer_name TEXT NOT NULL,
  name       TEXT NOT NULL,
  part_of    TEXT NOT NULL,
  actor      TEXT NOT NULL,
  ended_by   TEXT NOT NULL,
  amounts    TEXT NOT NULL,
  detail     TEXT NOT NULL,
  begun      INTEGER NOT NULL,
  hash       BLOB NOT NULL
);
CREATE UNIQUE INDEX ledger_key ON ledger (subject, meter, basis, number, edge);
CREATE INDEX ledger_ends ON ledger (payer, until) WHERE edge = 1;
CREATE TABLE ledger_open (payer TEXT, position INTEGER, PRIMARY KEY (payer, position)) WITHOUT ROWID;
)sql";

std::string select(const char* rest, const char* columns = ledger_rows::kColumns) {
  return std::string("SELECT ") + columns + " FROM ledger " + rest;
}

constexpr const char* kEnded =
    "WHERE payer=? AND edge=1 AND (until, position) > (?,?) AND since<? AND position<=? "
    "ORDER BY until, position LIMIT ?";

Error refused(const LedgerEdge& edge, const std::string& why) {
  return {Code::Conflict, "ledger: " + ledger_rows::title(edge) + ": " + why};
}

bool fits(const LedgerEdge& edge) {
  const MeterSpan& span = edge.span;
  for (const std::string* text :
       {&edge.subject, &span.meter, &span.basis, &span.payer, &span.payer_name, &span.name,
        &span.part_of, &span.by, &span.ended_by, &span.amounts, &span.detail}) {
    if (text->size() > limits::kLedgerTextBytesMax) return false;
  }
  return true;
}

}  // namespace

const char* LedgerTable::schema() {
  return kSchema;
}

LedgerTable::LedgerTable(SqliteDatabase& database)
    : database_(database),
      latest_(database.prepare(
          "SELECT number, edge, since, until FROM ledger WHERE subject=? AND meter=? AND basis=? "
          "ORDER BY number DESC, edge DESC LIMIT 1")),
      row_(database.prepare(
          select("WHERE subject=? AND meter=? AND basis=? AND number=? AND edge=?").c_str())),
      insert_(database.prepare((std::string("INSERT INTO ledger (") + ledger_rows::kColumns +
                                ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
                                   .c_str())),
      open_insert_(database.prepare("INSERT INTO ledger_open VALUES (?,?)")),
      open_delete_(database.prepare("DELETE FROM ledger_open WHERE payer=? AND position=?")),
      position_of_(database.prepare("SELECT position FROM ledger WHERE subject=? AND meter=? AND "
                                    "basis=? AND number=? AND edge=0")),
      ended_(database.prepare(select(kEnded).c_str())),
      ended_amounts_(database.prepare(select(kEnded, ledger_rows::kAmountColumns).c_str())),
      open_(database.prepare(select("WHERE position IN (SELECT position FROM ledger_open WHERE "
                                    "payer=?) AND since<? AND position<=?")
                                 .c_str())),
      reopened_(
          database.prepare(select("WHERE position>? AND edge=1 AND payer=? AND since<?").c_str())),
      changed_(database.prepare("SELECT 1 FROM ledger WHERE position>? AND payer=? AND "
                                "(CASE edge WHEN 1 THEN until<=?3 ELSE since<?3 END) LIMIT 1")) {
  reload();
}

void LedgerTable::reload() {
  auto newest =
      database_.prepare("SELECT position, hash FROM ledger ORDER BY position DESC LIMIT 1");
  const bool any = newest.step() == DbCode::Row;
  position_ = any ? newest.integer_at(0) : 0;
  head_ = any ? std::string(newest.bytes_at(1)) : ledger_rows::first_hash();
}

DbCode LedgerTable::find_latest(const LedgerEdge& edge, Latest& latest) {
  const MeterSpan& span = edge.span;
  const DbCode code = latest_.text(edge.subject).text(span.meter).text(span.basis).step();
  latest = {};
  if (code == DbCode::Row) {
    latest = {latest_.integer_at(0), latest_.integer_at(1) != 0, latest_.integer_at(2),
              latest_.integer_at(3)};
  }
  latest_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

DbCode LedgerTable::find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) {
  const MeterSpan& span = edge.span;
  row_.text(edge.subject).text(span.meter).text(span.basis).integer(span.number);
  const DbCode code = row_.integer(edge.closes() ? 1 : 0).step();
  if (code == DbCode::Row) row = ledger_rows::read(row_).edge;
  row_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

DbCode LedgerTable::judge(std::vector<LedgerEdge>& edges, std::optional<Error>& refusal) {
  std::map<std::tuple<std::string, std::string, std::string>, Latest> states;
  std::vector<LedgerEdge> fresh;
  for (LedgerEdge& edge : edges) {
    const MeterSpan& span = edge.span;
    if (!fits(edge)) {
      refusal = refused(edge, "a text of it has more than " +
                                  std::to_string(limits::kLedgerTextBytesMax) + " bytes");
      return DbCode::Ok;
    }
    const auto [at, first] = states.try_emplace({edge.subject, span.meter, span.basis});
    Latest& latest = at->second;
    if (first) {
      if (const DbCode code = find_latest(edge, latest); code != DbCode::Ok) return code;
    }
    const bool known = span.number < latest.number ||
                       (span.number == latest.number && (latest.closed || !edge.closes()));
    if (known) {
      std::optional<LedgerEdge> row;
      if (const DbCode code = find_row(edge, row); code != DbCode::Ok) return code;
      if (row == edge) continue;
      refusal = refused(edge, "another value is on record");
      return DbCode::Ok;
    }
    // An object that was brought from elsewhere (a rehearsal, a restored copy) continues what began
    // there: nothing of it is on record here.
    const bool adopted = latest.number == 0;
    const bool follows =
        adopted || (edge.closes() ? span.number == latest.number && span.from_s == latest.from_s
                                  : span.number == latest.number + 1 && latest.closed &&
                                        span.from_s >= latest.to_s);
    if (!follows || span.to_s.value_or(span.from_s) < span.from_s) {
      refusal = refused(edge, "does not follow what is on record");
      return DbCode::Ok;
    }
    if (adopted && edge.closes()) {
      LedgerEdge begun = edge;
      begun.span.to_s.reset();
      begun.span.ended_by.clear();
      fresh.push_back(std::move(begun));
    }
    latest = {span.number, edge.closes(), span.from_s, span.to_s.value_or(0)};
    fresh.push_back(std::move(edge));
  }
  edges = std::move(fresh);
  return DbCode::Ok;
}

DbCode LedgerTable::open_position(const LedgerEdge& edge, int64_t& position) {
  const MeterSpan& span = edge.span;
  position_of_.text(edge.subject).text(span.meter).text(span.basis).integer(span.number);
  const DbCode code = position_of_.step();
  if (code == DbCode::Row) position = position_of_.integer_at(0);
  position_of_.reset();
  return code == DbCode::Row ? DbCode::Ok : code == DbCode::Ok ? DbCode::Damaged : code;
}

DbCode LedgerTable::append(const LedgerEdge& edge) {
  const MeterSpan& span = edge.span;
  ledger_rows::Row row{position_ + 1, edge, 0, {}};
  DbCode code = edge.closes() ? open_position(edge, row.begun) : DbCode::Ok;
  if (code != DbCode::Ok) return code;
  const int64_t position = row.position;
  const std::string hash = ledger_rows::chain(head_, row);
  insert_.integer(position).integer(edge.closes() ? 1 : 0);
  insert_.text(edge.subject).text(span.meter).text(span.basis).integer(span.number);
  insert_.integer(span.from_s).integer(span.to_s.value_or(0)).text(span.payer);
  insert_.text(span.payer_name)
      .text(span.name)
      .text(span.part_of)
      .text(span.by)
      .text(span.ended_by);
  code = insert_.text(span.amounts).text(span.detail).integer(row.begun).blob(hash).run();
  if (code != DbCode::Ok) return code;
  code = edge.closes() ? open_delete_.text(span.payer).integer(row.begun).run()
                       : open_insert_.text(span.payer).integer(position).run();
  if (code != DbCode::Ok) return code;
  position_ = position;
  head_ = hash;
  return DbCode::Ok;
}

DbCode LedgerTable::read_open(const LedgerQuery& query, int64_t as_of, LedgerPage& page) {
  open_.text(query.payer).integer(query.to_s).integer(as_of);
  DbCode code = open_.step();
  for (; code == DbCode::Row; code = open_.step())
    ledger_rows::read_everything(open_, page.add());
  open_.reset();
  if (code != DbCode::Ok) return code;
  // What has ended since was open then.
  reopened_.integer(as_of).text(query.payer).integer(query.to_s);
  code = reopened_.step();
  for (; code == DbCode::Row; code = reopened_.step()) {
    LedgerInterval& interval = page.add();
    ledger_rows::read_everything(reopened_, interval);
    interval.closed = 0;
    interval.span.to_s.reset();
    interval.span.ended_by.clear();
    if (interval.opened > as_of) page.drop_last();
  }
  reopened_.reset();
  return code;
}

DbCode LedgerTable::read_ended(const LedgerQuery& query, int64_t as_of, LedgerPlace& place,
                               bool& more, LedgerPage& page) {
  const bool whole = query.columns == LedgerQuery::Columns::Everything;
  SqliteStatement& rows = whole ? ended_ : ended_amounts_;
  rows.text(query.payer).integer(place.until).integer(place.position).integer(query.to_s);
  rows.integer(as_of).integer(static_cast<int64_t>(limits::kLedgerPageRows));
  size_t count = 0;
  DbCode code = rows.step();
  for (; code == DbCode::Row; code = rows.step(), ++count) {
    LedgerInterval& interval = page.add();
    (whole ? ledger_rows::read_everything : ledger_rows::read_amounts)(rows, interval);
    place = {*interval.span.to_s, interval.closed};
  }
  rows.reset();
  more = count == limits::kLedgerPageRows;
  return code;
}

DbCode LedgerTable::look_for_change(const std::string& payer, int64_t position, int64_t to_s,
                                    bool& changed) {
  const DbCode code = changed_.integer(position).text(payer).integer(to_s).step();
  changed = code == DbCode::Row;
  changed_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

}  // namespace charter
