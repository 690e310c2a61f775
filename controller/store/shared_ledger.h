#pragma once

#include "controller/object/ledger.h"

#include <functional>
#include <string>
#include <vector>

namespace charter {

/// A ledger that stands beside the objects and that replicas share, of whom one leads at a time.
/// Thread-safe; everything blocks, for a bounded time.
class SharedLedger : public LedgerWriter, public LedgerReader {
 public:
  /// From now on this process writes, and none whose term began before: what such a one has not
  /// committed yet is refused, however late it comes. For the beginning of a term. Errors: those of
  /// `may_write`; ServiceUnavailable, InternalError.
  virtual Status begin_term() = 0;
  /// Whether a write of ours was refused because a later term has begun: this process' is over.
  virtual bool is_fenced() const = 0;
  /// Recomputes the chain. Findings name the row.
  virtual Status verify(
      const std::function<void(std::string where, std::string what)>& find) const = 0;

  Status record(const std::string& subject, const std::vector<MeterSpan>& spans) final;
  Status record_end(const std::string& subject, int64_t at_s) final;

 protected:
  /// What a transaction writes, from the intervals of the subject that last. Errors: Invalid when
  /// that is too much.
  using Edges = std::function<Result<std::vector<LedgerEdge>>(const std::vector<MeterSpan>& last)>;
  /// Judges the edges (judge_edges) and appends what is new, in one transaction. `edges` may be
  /// called twice.
  virtual Status write(const std::string& subject, const Edges& edges) = 0;
};

}  // namespace charter
