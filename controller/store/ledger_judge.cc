#include "controller/store/ledger_judge.h"

#include "controller/store/ledger_limits.h"
#include "controller/store/ledger_rows.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

namespace charter {
namespace {

Error refused(const LedgerEdge& edge, const std::string& why) {
  return {Code::Conflict, "ledger: " + ledger_rows::title(edge) + ": " + why};
}

bool fits(const LedgerEdge& edge) {
  const auto texts = ledger_rows::texts_of(edge);
  return std::all_of(texts.begin(), texts.end(), [](const std::string* text) {
    return text->size() <= limits::kLedgerTextBytesMax;
  });
}

}  // namespace

DbCode judge_edges(LedgerRecord& record, std::vector<LedgerEdge>& edges,
                   std::optional<Error>& refusal) {
  std::map<std::tuple<std::string, std::string, std::string>, LedgerLatest> states;
  std::vector<LedgerEdge> fresh;
  for (LedgerEdge& edge : edges) {
    const MeterSpan& span = edge.span;
    if (!fits(edge)) {
      refusal = refused(edge, "a text of it has more than " +
                                  std::to_string(limits::kLedgerTextBytesMax) + " bytes");
      return DbCode::Ok;
    }
    const auto [at, first] = states.try_emplace({edge.subject, span.meter, span.basis});
    LedgerLatest& latest = at->second;
    if (first) {
      if (const DbCode code = record.find_latest(edge, latest); code != DbCode::Ok) return code;
    }
    const bool known = span.number < latest.number ||
                       (span.number == latest.number && (latest.closed || !edge.closes()));
    if (known) {
      std::optional<LedgerEdge> row;
      if (const DbCode code = record.find_row(edge, row); code != DbCode::Ok) return code;
      if (row == edge) continue;
      refusal = refused(edge, "another value is on record");
      return DbCode::Ok;
    }
    // An object that was brought from elsewhere (a rehearsal, a restored copy) continues what began
    // there: nothing of it is on record here.
    const bool adopted = latest.number == 0;
    const bool follows =
        adopted || (edge.closes() ? span.number == latest.number && span.from_s == latest.from_s
                                  : span.number == latest.number + 1 && latest.closed &&
                                        span.from_s >= latest.to_s);
    if (!follows || span.to_s.value_or(span.from_s) < span.from_s) {
      refusal = refused(edge, "does not follow what is on record");
      return DbCode::Ok;
    }
    if (adopted && edge.closes()) {
      LedgerEdge begun = edge;
      begun.span.to_s.reset();
      begun.span.ended_by.clear();
      fresh.push_back(std::move(begun));
    }
    latest = {span.number, edge.closes(), span.from_s, span.to_s.value_or(0)};
    fresh.push_back(std::move(edge));
  }
  edges = std::move(fresh);
  return DbCode::Ok;
}

}  // namespace charter
