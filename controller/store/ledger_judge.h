#pragma once

#include "controller/object/ledger.h"
#include "controller/store/sqlite_database.h"

#include <cstdint>
#include <optional>
#include <vector>

// Which of the edges that a state tells of are news, and which contradict what is on record. The
// same for every place where a ledger is kept.
namespace charter {

/// Where a meter of a subject stands on record.
struct LedgerLatest {
  int64_t number = 0;  ///< 0: nothing is on record
  bool closed = false;
  int64_t from_s = 0, to_s = 0;
};

/// What is on record, as far as a judgement needs it. Anything but Ok ends the judgement.
class LedgerRecord {
 public:
  virtual ~LedgerRecord() = default;
  /// The newest interval of the edge's subject, meter and basis.
  virtual DbCode find_latest(const LedgerEdge& edge, LedgerLatest& latest) = 0;
  /// The row of the same subject, meter, basis, number and side of the interval, if there is one.
  virtual DbCode find_row(const LedgerEdge& edge, std::optional<LedgerEdge>& row) = 0;
};

/// Leaves in `edges` what is new. A value that differs from what is on record, or a beginning
/// before the last end, is a refusal: Conflict. A meter that nothing is on record of may begin at
/// any number, and an end of it brings its beginning along.
DbCode judge_edges(LedgerRecord& record, std::vector<LedgerEdge>& edges,
                   std::optional<Error>& refusal);

}  // namespace charter
