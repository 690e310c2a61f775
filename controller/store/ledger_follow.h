#pragma once

#include "controller/store/ledger_rows.h"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace charter {

/// Follows every meter through a ledger whose rows it is shown in order: the chain of hashes, and
/// intervals that begin, end and follow each other as the state of a thing does. One thread.
class LedgerFollow {
 public:
  /// `find` outlives it.
  explicit LedgerFollow(const std::function<void(std::string where, std::string what)>& find)
      : find_(find) {}

  /// The next row.
  void look_at(const ledger_rows::Row& row);
  /// Position and hash of the last row that was shown.
  int64_t position() const { return position_; }
  const std::string& head() const { return head_; }
  /// Beginnings without an end: payer and position.
  const std::set<std::pair<std::string, int64_t>>& open() const { return open_; }

 private:
  struct Meter {
    MeterSpan last;
    int64_t opened = 0;
    int64_t ended = INT64_MIN;
    bool open = false;
  };
  const std::function<void(std::string where, std::string what)>& find_;
  int64_t position_ = 0;
  std::string head_ = ledger_rows::first_hash();
  std::map<std::tuple<std::string, std::string, std::string>, Meter> meters_;
  std::set<std::pair<std::string, int64_t>> open_;
};

}  // namespace charter
