#pragma once

#include "controller/object/ledger.h"
#include "controller/store/ledger_words.h"
#include "controller/store/sqlite_database.h"

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
