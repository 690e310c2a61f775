#pragma once

#include "controller/store/sqlite_database.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

// The texts of the ledger, each stored once: its rows hold numbers. A million intervals name a few
// thousand things and have a few dozen sizes.
//
//   ledger_word  id | word     UNIQUE (word), append-only
//
// The hashes of the ledger's rows are over the texts, so a word that was changed breaks the chain
// of every row that uses it. Thread contract: that of its LedgerTable.
namespace charter {

/// Gives texts numbers and numbers their texts back; keeps those that it met in memory, up to
/// limits::kLedgerWordBytes.
class LedgerWords {
 public:
  /// `database` outlives it and has the table.
  explicit LedgerWords(SqliteDatabase& database);

  /// The number of a word, nothing when the ledger does not have it.
  DbCode find(std::string_view word, std::optional<int64_t>& id);
  /// The number of a word, which is added within the open transaction if need be.
  DbCode number(std::string_view word, int64_t& id);
  /// The word of a number, until the next call. Of one that cannot be read it is empty, and
  /// take_failure() says so.
  std::string_view text(int64_t id);
  /// What went wrong in text() since it was asked last; Ok when nothing did.
  DbCode take_failure();
  /// Forgets what it met: after a rollback, which takes new words away.
  void forget();

 private:
  std::string_view keep(int64_t id, std::string_view word);

  SqliteStatement find_, insert_, text_;
  std::unordered_map<int64_t, std::string> texts_;
  std::unordered_map<std::string_view, int64_t> ids_;  // views into texts_
  size_t bytes_ = 0;
  DbCode failure_ = DbCode::Ok;
};

}  // namespace charter
