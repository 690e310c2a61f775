#pragma once

#include "controller/object/ledger.h"
#include "controller/store/ledger_judge.h"
#include "controller/store/ledger_words.h"
#include "controller/store/sqlite_database.h"
#include "controller/store/store.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// The ledger in the store's file: what was metered, append-only. An interval is two rows, its
// beginning and its end, each written in the transaction of the status that told of it.
//
//   ledger       position | edge | subject | meter | basis | number | since | until | payer | … |
//   hash
//                UNIQUE (subject, meter, basis, number, edge); its texts are numbers of words
//   ledger_word  id | word            each text once (ledger_words.h)
//   ledger_open  payer | position     beginnings without an end: what a report looks at beside the
//                                     ends within its period; can be made anew from the ledger
//
// Rows are chained: hash = SHA-256(hash of the row before ‖ this row), from 32 zero bytes on, so
// that no byte of what was billed changes unseen (verify). Compaction never touches these tables.
// Thread contract: one thread at a time; after open this is the writer.
namespace charter {

namespace ledger_rows {
struct Row;
}

/// Where a page of ends goes on.
struct LedgerPlace {
  int64_t until = 0, position = 0;
};

/// Intervals on their way from the ledger to who asked for them. Its memory is used again, page
/// after page.
class LedgerPage {
 public:
  /// Room for one more, with whatever an interval of an earlier page left in it.
  LedgerInterval& add() {
    if (size_ == intervals_.size()) intervals_.emplace_back();
    return intervals_[size_++];
  }
  void drop_last() { --size_; }
  void clear() { size_ = 0; }
  const LedgerInterval* begin() const { return intervals_.data(); }
  const LedgerInterval* end() const { return intervals_.data() + size_; }

 private:
  std::vector<LedgerInterval> intervals_;
  size_t size_ = 0;
};

/// The ledger's tables and every statement on them.
class LedgerTable final : private LedgerRecord {
 public:
  /// SQL that makes the tables, to be run inside a transaction.
  static const char* schema();
  /// SQL that turns tables whose rows held their texts themselves (the format before) into these,
  /// to be run inside a transaction.
  static const std::string& upgrade();
  /// `database` outlives it and has the tables.
  explicit LedgerTable(SqliteDatabase& database);

  /// See judge_edges.
  DbCode judge(std::vector<LedgerEdge>& edges, std::optional<Error>& refusal);
  /// Appends within the open transaction.
  DbCode append(const LedgerEdge& edge);
  /// Position of the newest row, 0 in an empty ledger.
  int64_t position() const { return position_; }
  /// Finds the head anew: another process may have appended.
  void reload();
  /// What was appended since the transaction began is gone.
  void rolled_back();

  // For readers, a bounded piece at a time, added to `page`.
  /// Beginnings up to `as_of` whose end, if any, lies behind it.
  DbCode read_open(const LedgerQuery& query, int64_t as_of, LedgerPage& page);
  /// Ends up to `as_of` that overlap, at most limits::kLedgerPageRows; `place` moves on. Sets
  /// `more` when rows may be left.
  DbCode read_ended(const LedgerQuery& query, int64_t as_of, LedgerPlace& place, bool& more,
                    LedgerPage& page);
  /// Beginnings of one subject that have no end, added to `spans`.
  DbCode read_lasting(const std::string& subject, std::vector<MeterSpan>& spans);
  /// Who has such beginnings, added to `subjects`.
  DbCode read_open_subjects(std::vector<std::string>& subjects);
  /// See LedgerReader::is_changed_since.
  DbCode look_for_change(const std::string& payer, int64_t position, int64_t to_s, bool& changed);

  /// Recomputes the chain and checks that intervals fit together. Findings name the row; `seen` is
  /// told of each position, unless it is empty.
  DbCode verify(const std::function<void(std::string where, std::string what)>& find,
                const std::function<void(int64_t position)>& seen);

 private:
  DbCode find_latest(const LedgerEdge& edge, LedgerLatest& latest) override;
  DbCode find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) override;
  DbCode open_position(const LedgerEdge& edge, int64_t& position);
  /// A meter of a subject, in numbers of words.
  struct MeterKey {
    int64_t subject = 0, meter = 0, basis = 0;
  };
  DbCode find_key(const LedgerEdge& edge, std::optional<MeterKey>& key);
  DbCode insert(const ledger_rows::Row& row, int64_t& payer);
  DbCode finish(SqliteStatement& rows, DbCode code);

  SqliteDatabase& database_;
  LedgerWords words_;
  SqliteStatement latest_, row_, insert_, open_insert_, open_delete_, position_of_, ended_,
      ended_amounts_, open_, reopened_, lasting_, changed_;
  int64_t position_ = 0;
  std::string head_;  // hash of the newest row
};

}  // namespace charter
