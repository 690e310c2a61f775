#include "controller/store/ledger_words.h"

#include "controller/store/ledger_limits.h"

#include <utility>

namespace charter {
namespace {

// What an entry of the two maps takes beside its text.
constexpr size_t kEntryBytes = 128;

}  // namespace

LedgerWords::LedgerWords(SqliteDatabase& database)
    : find_(database.prepare("SELECT id FROM ledger_word WHERE word=?")),
      insert_(database.prepare("INSERT INTO ledger_word (word) VALUES (?) RETURNING id")),
      text_(database.prepare("SELECT word FROM ledger_word WHERE id=?")) {}

std::string_view LedgerWords::keep(int64_t id, std::string_view word) {
  if (bytes_ + word.size() + kEntryBytes > limits::kLedgerWordBytes) forget();
  const auto [at, fresh] = texts_.try_emplace(id, word);
  if (fresh) {
    bytes_ += word.size() + kEntryBytes;
    ids_.emplace(at->second, id);
  }
  return at->second;
}

DbCode LedgerWords::find(std::string_view word, std::optional<int64_t>& id) {
  id.reset();
  if (const auto known = ids_.find(word); known != ids_.end()) {
    id = known->second;
    return DbCode::Ok;
  }
  const DbCode code = find_.text(word).step();
  if (code == DbCode::Row) id = find_.integer_at(0);
  find_.reset();
  if (id) keep(*id, word);
  return code == DbCode::Row ? DbCode::Ok : code;
}

DbCode LedgerWords::number(std::string_view word, int64_t& id) {
  std::optional<int64_t> known;
  DbCode code = find(word, known);
  if (code != DbCode::Ok || known) {
    id = known.value_or(0);
    return code;
  }
  code = insert_.text(word).step();
  if (code == DbCode::Row) {
    id = insert_.integer_at(0);
    code = insert_.step();  // an INSERT ends with the step behind its last row
  }
  insert_.reset();
  if (code == DbCode::Ok) keep(id, word);
  return code;
}

std::string_view LedgerWords::text(int64_t id) {
  if (const auto known = texts_.find(id); known != texts_.end()) return known->second;
  const DbCode code = text_.integer(id).step();
  std::string_view kept;
  if (code == DbCode::Row) {
    kept = keep(id, text_.bytes_at(0));
  } else {
    failure_ = code == DbCode::Ok ? DbCode::Damaged : code;
  }
  text_.reset();
  return kept;
}

DbCode LedgerWords::take_failure() {
  return std::exchange(failure_, DbCode::Ok);
}

void LedgerWords::forget() {
  ids_.clear();
  texts_.clear();
  bytes_ = 0;
}

}  // namespace charter
