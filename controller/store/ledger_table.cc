#include "controller/store/ledger_table.h"

#include "controller/store/ledger_limits.h"
#include "controller/store/ledger_rows.h"

#include <algorithm>
#include <utility>

namespace charter {
namespace {

// A payer's ends are found by time: a report over a month of a contract of ten years reads that
// month. That index has all that a bill needs, so that a bill reads it alone, from one end to the
// other.
constexpr const char* kSchema = R"sql(
CREATE TABLE ledger_word (
  id   INTEGER PRIMARY KEY,
  word TEXT NOT NULL UNIQUE
);
CREATE TABLE ledger (
  position   INTEGER PRIMARY KEY,
  edge       INTEGER NOT NULL,
  subject    INTEGER NOT NULL,
  meter      INTEGER NOT NULL,
  basis      INTEGER NOT NULL,
  number     INTEGER NOT NULL,
  since      INTEGER NOT NULL,
  until      INTEGER NOT NULL,
  payer      INTEGER NOT NULL,
  payer_name INTEGER NOT NULL,
  name       INTEGER NOT NULL,
  part_of    INTEGER NOT NULL,
  actor      INTEGER NOT NULL,
  ended_by   INTEGER NOT NULL,
  amounts    INTEGER NOT NULL,
  detail     INTEGER NOT NULL,
  begun      INTEGER NOT NULL,
  hash       BLOB NOT NULL
);
CREATE UNIQUE INDEX ledger_key ON ledger (subject, meter, basis, number, edge);
CREATE INDEX ledger_ends
  ON ledger (payer, until, position, edge, since, meter, basis, amounts, detail, begun)
  WHERE edge = 1;
CREATE TABLE ledger_open (
  payer INTEGER, position INTEGER, PRIMARY KEY (payer, position)
) WITHOUT ROWID;
)sql";

// The columns that hold words, in the order in which both formats have them.
constexpr const char* kWords[] = {"subject", "meter", "basis",    "payer",   "payer_name", "name",
                                  "part_of", "actor", "ended_by", "amounts", "detail"};

std::string make_upgrade() {
  std::string words, numbers = ledger_rows::kColumns;
  for (const std::string column : kWords) {
    words += (words.empty() ? "SELECT " : " UNION SELECT ") + column + " FROM ledger_before";
    const auto at = numbers.find(", " + column + ",") + 2;
    numbers.replace(at, column.size(), "(SELECT id FROM ledger_word WHERE word=" + column + ")");
  }
  return std::string(
             "DROP INDEX ledger_key; DROP INDEX ledger_ends; DROP TABLE ledger_open;"
             "ALTER TABLE ledger RENAME TO ledger_before;") +
         kSchema + "INSERT INTO ledger_word (word) " + words + ";INSERT INTO ledger (" +
         ledger_rows::kColumns + ") SELECT " + numbers +
         " FROM ledger_before ORDER BY position;"
         "INSERT INTO ledger_open SELECT payer, position FROM ledger AS b WHERE edge=0 AND NOT "
         "EXISTS (SELECT 1 FROM ledger WHERE subject=b.subject AND meter=b.meter AND "
         "basis=b.basis AND number=b.number AND edge=1);"
         "DROP TABLE ledger_before;";
}

std::string select(const char* rest, const char* columns = ledger_rows::kColumns) {
  return std::string("SELECT ") + columns + " FROM ledger " + rest;
}

constexpr const char* kEnded =
    "WHERE payer=? AND edge=1 AND (until, position) > (?,?) AND since<? AND position<=? "
    "ORDER BY until, position LIMIT ?";

}  // namespace

const char* LedgerTable::schema() {
  return kSchema;
}

const std::string& LedgerTable::upgrade() {
  static const std::string script = make_upgrade();
  return script;
}

LedgerTable::LedgerTable(SqliteDatabase& database)
    : database_(database),
      words_(database),
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
      lasting_(database.prepare(
          select("AS b WHERE subject=? AND edge=0 AND position IN (SELECT position FROM "
                 "ledger_open WHERE payer=b.payer)")
              .c_str())),
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

void LedgerTable::rolled_back() {
  words_.forget();
  reload();
}

/// What a loop over rows ended with, or why a word of one could not be read.
DbCode LedgerTable::finish(SqliteStatement& rows, DbCode code) {
  rows.reset();
  const DbCode words = words_.take_failure();
  return code == DbCode::Ok ? words : code;
}

/// Nothing when the ledger lacks one of its words, and so has no row of it.
DbCode LedgerTable::find_key(const LedgerEdge& edge, std::optional<MeterKey>& key) {
  std::optional<int64_t> subject, meter, basis;
  DbCode code = words_.find(edge.subject, subject);
  if (code == DbCode::Ok) code = words_.find(edge.span.meter, meter);
  if (code == DbCode::Ok) code = words_.find(edge.span.basis, basis);
  key.reset();
  if (subject && meter && basis) key = {*subject, *meter, *basis};
  return code;
}

DbCode LedgerTable::find_latest(const LedgerEdge& edge, LedgerLatest& latest) {
  latest = {};
  std::optional<MeterKey> key;
  if (const DbCode code = find_key(edge, key); code != DbCode::Ok || !key) return code;
  const DbCode code = latest_.integer(key->subject).integer(key->meter).integer(key->basis).step();
  if (code == DbCode::Row) {
    latest = {latest_.integer_at(0), latest_.integer_at(1) != 0, latest_.integer_at(2),
              latest_.integer_at(3)};
  }
  latest_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

DbCode LedgerTable::find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) {
  std::optional<MeterKey> key;
  if (const DbCode code = find_key(edge, key); code != DbCode::Ok || !key) return code;
  row_.integer(key->subject).integer(key->meter).integer(key->basis);
  const DbCode code = row_.integer(edge.span.number).integer(edge.closes() ? 1 : 0).step();
  if (code == DbCode::Row) row = ledger_rows::read(row_, words_).edge;
  return finish(row_, code == DbCode::Row ? DbCode::Ok : code);
}

DbCode LedgerTable::judge(std::vector<LedgerEdge>& edges, std::optional<Error>& refusal) {
  return judge_edges(*this, edges, refusal);
}

DbCode LedgerTable::open_position(const LedgerEdge& edge, int64_t& position) {
  std::optional<MeterKey> key;
  if (const DbCode code = find_key(edge, key); code != DbCode::Ok) return code;
  if (!key) return DbCode::Damaged;
  position_of_.integer(key->subject).integer(key->meter).integer(key->basis);
  const DbCode code = position_of_.integer(edge.span.number).step();
  if (code == DbCode::Row) position = position_of_.integer_at(0);
  position_of_.reset();
  return code == DbCode::Row ? DbCode::Ok : code == DbCode::Ok ? DbCode::Damaged : code;
}

DbCode LedgerTable::insert(const ledger_rows::Row& row, int64_t& payer) {
  const LedgerEdge& edge = row.edge;
  const MeterSpan& span = edge.span;
  DbCode code = DbCode::Ok;
  const auto number = [&](const std::string& word) {
    int64_t id = 0;
    if (code == DbCode::Ok) code = words_.number(word, id);
    return id;
  };
  payer = number(span.payer);
  insert_.integer(row.position).integer(edge.closes() ? 1 : 0);
  for (const std::string* word : {&edge.subject, &span.meter, &span.basis})
    insert_.integer(number(*word));
  insert_.integer(span.number).integer(span.from_s).integer(span.to_s.value_or(0)).integer(payer);
  for (const std::string* word : {&span.payer_name, &span.name, &span.part_of, &span.by,
                                  &span.ended_by, &span.amounts, &span.detail})
    insert_.integer(number(*word));
  insert_.integer(row.begun).blob(row.hash);
  if (code == DbCode::Ok) return insert_.run();
  insert_.reset();
  return code;
}

DbCode LedgerTable::append(const LedgerEdge& edge) {
  ledger_rows::Row row{position_ + 1, edge, 0, {}};
  DbCode code = edge.closes() ? open_position(edge, row.begun) : DbCode::Ok;
  if (code != DbCode::Ok) return code;
  row.hash = ledger_rows::chain(head_, row);
  int64_t payer = 0;
  code = insert(row, payer);
  if (code != DbCode::Ok) return code;
  code = edge.closes() ? open_delete_.integer(payer).integer(row.begun).run()
                       : open_insert_.integer(payer).integer(row.position).run();
  if (code != DbCode::Ok) return code;
  position_ = row.position;
  head_ = std::move(row.hash);
  return DbCode::Ok;
}

DbCode LedgerTable::read_open(const LedgerQuery& query, int64_t as_of, LedgerPage& page) {
  std::optional<int64_t> payer;
  if (const DbCode code = words_.find(query.payer, payer); code != DbCode::Ok || !payer)
    return code;
  open_.integer(*payer).integer(query.to_s).integer(as_of);
  DbCode code = open_.step();
  for (; code == DbCode::Row; code = open_.step())
    ledger_rows::read_everything(open_, words_, page.add());
  code = finish(open_, code);
  if (code != DbCode::Ok) return code;
  // What has ended since was open then.
  reopened_.integer(as_of).integer(*payer).integer(query.to_s);
  code = reopened_.step();
  for (; code == DbCode::Row; code = reopened_.step()) {
    LedgerInterval& interval = page.add();
    ledger_rows::read_everything(reopened_, words_, interval);
    ledger_rows::reopen(interval);
    if (interval.opened > as_of) page.drop_last();
  }
  return finish(reopened_, code);
}

DbCode LedgerTable::read_ended(const LedgerQuery& query, int64_t as_of, LedgerPlace& place,
                               bool& more, LedgerPage& page) {
  more = false;
  std::optional<int64_t> payer;
  if (const DbCode code = words_.find(query.payer, payer); code != DbCode::Ok || !payer)
    return code;
  const bool whole = query.columns == LedgerQuery::Columns::Everything;
  SqliteStatement& rows = whole ? ended_ : ended_amounts_;
  rows.integer(*payer).integer(place.until).integer(place.position).integer(query.to_s);
  rows.integer(as_of).integer(static_cast<int64_t>(limits::kLedgerPageRows));
  size_t count = 0;
  DbCode code = rows.step();
  for (; code == DbCode::Row; code = rows.step(), ++count) {
    LedgerInterval& interval = page.add();
    (whole ? ledger_rows::read_everything : ledger_rows::read_amounts)(rows, words_, interval);
    place = {*interval.span.to_s, interval.closed};
  }
  more = count == limits::kLedgerPageRows;
  return finish(rows, code);
}

DbCode LedgerTable::read_lasting(const std::string& subject, std::vector<MeterSpan>& spans) {
  std::optional<int64_t> id;
  if (const DbCode code = words_.find(subject, id); code != DbCode::Ok || !id) return code;
  DbCode code = lasting_.integer(*id).step();
  for (; code == DbCode::Row; code = lasting_.step())
    spans.push_back(ledger_rows::read(lasting_, words_).edge.span);
  return finish(lasting_, code);
}

DbCode LedgerTable::read_open_subjects(std::vector<std::string>& subjects) {
  auto rows = database_.prepare(
      "SELECT DISTINCT word FROM ledger_open AS o JOIN ledger AS l ON l.position=o.position "
      "JOIN ledger_word ON id=subject");
  DbCode code = rows.step();
  for (; code == DbCode::Row; code = rows.step())
    subjects.emplace_back(rows.bytes_at(0));
  return code;
}

DbCode LedgerTable::look_for_change(const std::string& payer, int64_t position, int64_t to_s,
                                    bool& changed) {
  changed = false;
  std::optional<int64_t> id;
  if (const DbCode code = words_.find(payer, id); code != DbCode::Ok || !id) return code;
  const DbCode code = changed_.integer(position).integer(*id).integer(to_s).step();
  changed = code == DbCode::Row;
  changed_.reset();
  return code == DbCode::Row ? DbCode::Ok : code;
}

}  // namespace charter
