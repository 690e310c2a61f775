#include "controller/store/ledger_rows.h"
#include "controller/store/ledger_table.h"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

// What `charter verify` asks of the ledger: the chain of hashes, and intervals that begin, end and
// follow each other as the state of a thing does.
namespace charter {
namespace {

using Find = std::function<void(std::string where, std::string what)>;

/// Follows every meter through the ledger.
class Follow {
 public:
  explicit Follow(const Find& find) : find_(find) {}

  void look_at(const ledger_rows::Row& row) {
    const MeterSpan& span = row.edge.span;
    const std::string where = "ledger " + std::to_string(row.position);
    if (row.position != position_ + 1)
      find_(where, "rows " + std::to_string(position_ + 1) + " to " +
                       std::to_string(row.position - 1) + " are missing");
    if (row.hash != ledger_rows::chain(head_, row))
      find_(where, ledger_rows::title(row.edge) + ": the chain of hashes is broken here");
    position_ = row.position;
    head_ = row.hash;
    Meter& meter = meters_[{row.edge.subject, span.meter, span.basis}];
    if (row.edge.closes()) {
      MeterSpan begun = span;
      begun.to_s.reset();
      begun.ended_by.clear();
      if (!meter.open || meter.last != begun || row.begun != meter.opened ||
          *span.to_s < span.from_s)
        find_(where, ledger_rows::title(row.edge) + ": ends what did not begin like that");
      open_.erase({span.payer, meter.opened});
      meter.open = false;
      meter.ended = *span.to_s;
    } else {
      const bool first = meter.last.number == 0;
      if (meter.open || (!first && span.number != meter.last.number + 1) ||
          span.from_s < meter.ended)
        find_(where, ledger_rows::title(row.edge) + ": begins before the one before it has ended");
      meter.open = true;
      meter.last = span;
      meter.opened = row.position;
      open_.insert({span.payer, row.position});
    }
  }

  /// Beginnings without an end: payer and position.
  const std::set<std::pair<std::string, int64_t>>& open() const { return open_; }

 private:
  struct Meter {
    MeterSpan last;
    int64_t opened = 0;
    int64_t ended = INT64_MIN;
    bool open = false;
  };
  const Find& find_;
  int64_t position_ = 0;
  std::string head_ = ledger_rows::first_hash();
  std::map<std::tuple<std::string, std::string, std::string>, Meter> meters_;
  std::set<std::pair<std::string, int64_t>> open_;
};

}  // namespace

DbCode LedgerTable::verify(const Find& find, const std::function<void(int64_t position)>& seen) {
  Follow follow(find);
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
