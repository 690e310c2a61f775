#include "controller/store/ledger_follow.h"
#include "controller/store/ledger_rows.h"
#include "controller/store/ledger_table.h"

#include <set>
#include <string>
#include <utility>

// What `charter verify` asks of the ledger: the chain of hashes, and intervals that begin, end and
// follow each other as the state of a thing does.
namespace charter {
DbCode LedgerTable::verify(const std::function<void(std::string where, std::string what)>& find,
                           const std::function<void(int64_t position)>& seen) {
  LedgerFollow follow(find);
  auto rows = database_.prepare(
      (std::string("SELECT ") + ledger_rows::kColumns + " FROM ledger ORDER BY position").c_str());
  DbCode code = rows.step();
  for (; code == DbCode::Row; code = rows.step()) {
    const auto row = ledger_rows::read(rows, words_);
    if (const DbCode words = words_.take_failure(); words == DbCode::Damaged)
      find("ledger " + std::to_string(row.position), "a word of it is missing");
    else if (words != DbCode::Ok)
      return words;
    follow.look_at(row);
    if (seen) seen(row.position);
  }
  if (code != DbCode::Ok) return code;
  auto listed =
      database_.prepare("SELECT word, position FROM ledger_open LEFT JOIN ledger_word ON id=payer");
  std::set<std::pair<std::string, int64_t>> open;
  for (code = listed.step(); code == DbCode::Row; code = listed.step())
    open.insert({std::string(listed.bytes_at(0)), listed.integer_at(1)});
  if (code == DbCode::Ok && open != follow.open())
    find("ledger_open", "does not list the intervals that last, as the ledger has them");
  return code;
}

}  // namespace charter
