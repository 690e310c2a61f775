#include "controller/store/shared_ledger.h"

#include "controller/store/ledger_limits.h"

#include <algorithm>

namespace charter {
namespace {

Result<std::vector<LedgerEdge>> bounded(std::vector<LedgerEdge> edges) {
  if (edges.size() <= limits::kLedgerEdgesMax) return edges;
  return Error{Code::Invalid, "ledger: more than " + std::to_string(limits::kLedgerEdgesMax) +
                                  " entries of one object at once"};
}

}  // namespace

Status SharedLedger::record(const std::string& subject, const std::vector<MeterSpan>& spans) {
  if (spans.empty()) return {};
  return write(subject, [&](const std::vector<MeterSpan>& last) {
    return bounded(ledger_edges_of_state(subject, last, spans));
  });
}

Status SharedLedger::record_end(const std::string& subject, int64_t at_s) {
  return write(subject, [&](const std::vector<MeterSpan>& last) {
    std::vector<LedgerEdge> edges;
    for (const MeterSpan& span : last) {
      edges.push_back({subject, span});
      edges.back().span.to_s = std::max(at_s, span.from_s);
    }
    return bounded(std::move(edges));
  });
}

}  // namespace charter
