#pragma once

#include "controller/object/ledger.h"
#include "controller/store/ledger_words.h"
#include "controller/store/sqlite_database.h"

#include <array>
#include <string>
#include <string_view>

// Rows of the ledger as the statements read and write them, and the chain over them. Internal to
// the ledger's files.
namespace charter::ledger_rows {

/// The columns of a row in the order in which `read` expects them.
inline constexpr const char* kColumns =
    "position, edge, subject, meter, basis, number, since, until, payer, payer_name, name, "
    "part_of, "
    "actor, ended_by, amounts, detail, begun, hash";

/// One row.
struct Row {
  int64_t position = 0;
  LedgerEdge edge;
  int64_t begun = 0;  ///< of an end: position of the beginning
  std::string hash;   ///< 32 bytes
};

/// The texts of an edge, in the order in which the chain is over them.
inline std::array<const std::string*, 11> texts_of(const LedgerEdge& edge) {
  const MeterSpan& span = edge.span;
  return {&edge.subject, &span.meter, &span.basis,    &span.payer,   &span.payer_name, &span.name,
          &span.part_of, &span.by,    &span.ended_by, &span.amounts, &span.detail};
}

/// The edge in a row over kColumns, of which text(N) and integer(N) give a column. Assigns, so that
/// what is read over another keeps its memory.
template <class Text, class Integer>
void read_edge(const Text& text, const Integer& integer, std::string& subject, MeterSpan& span) {
  subject = text(2);
  span.meter = text(3);
  span.basis = text(4);
  span.number = integer(5);
  span.from_s = integer(6);
  span.to_s.reset();
  if (integer(1) != 0) span.to_s = integer(7);
  span.payer = text(8);
  span.payer_name = text(9);
  span.name = text(10);
  span.part_of = text(11);
  span.by = text(12);
  span.ended_by = text(13);
  span.amounts = text(14);
  span.detail = text(15);
}

/// An interval that has ended, as it was before.
inline void reopen(LedgerInterval& interval) {
  interval.closed = 0;
  interval.span.to_s.reset();
  interval.span.ended_by.clear();
}

// What follows reads the row that a statement stands at. Of a word that cannot be read it makes an
// empty one; LedgerWords::take_failure() tells.

/// A row over kColumns.
Row read(const SqliteStatement& statement, LedgerWords& words);
/// The columns of `read_amounts`.
inline constexpr const char* kAmountColumns =
    "position, edge, meter, basis, since, until, amounts, detail, begun";
/// What LedgerQuery::Columns::Amounts promises of the row, over what `interval` held.
void read_amounts(const SqliteStatement& statement, LedgerWords& words, LedgerInterval& interval);
/// Everything of a row over kColumns, over what `interval` held.
void read_everything(const SqliteStatement& statement, LedgerWords& words,
                     LedgerInterval& interval);
/// 32 zero bytes: what the first row is chained to.
std::string first_hash();
/// The hash of a row (its own left aside) behind one with hash `before`.
std::string chain(std::string_view before, const Row& row);
/// "machine Active #3 of shop/orders-1".
std::string title(const LedgerEdge& edge);

}  // namespace charter::ledger_rows
