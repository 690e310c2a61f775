#include "controller/object/ledger.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

// How far a host's clock may be ahead of ours before what it says is refused as usage to come.
constexpr int64_t kAheadSecondsMax = 60;

std::string title(const MeterSpan& span) {
  return span.meter + " " + span.basis + " #" + std::to_string(span.number);
}

Error contradiction(const MeterSpan& span, const std::string& member, const std::string& why) {
  const auto field = "status.metering." + member;
  return Error{Code::Invalid,
               field + ": " + title(span) + ": " + why,
               {},
               {invalid_cause(field, title(span), why)}};
}

const MeterSpan* find(const std::vector<MeterSpan>& spans, const MeterSpan& like) {
  const auto found = std::find_if(spans.begin(), spans.end(), [&like](const MeterSpan& span) {
    return span.meter == like.meter && span.basis == like.basis;
  });
  return found == spans.end() ? nullptr : &*found;
}

MeterSpan ended(MeterSpan span, int64_t at_s) {
  span.to_s = at_s;
  return span;
}

// Same number: only the end may be new.
Status check_same(const MeterSpan& before, const MeterSpan& after) {
  if (before.to_s && before.to_s != after.to_s)
    return contradiction(after, "until", "an interval that has ended stays as it is");
  MeterSpan lasting = after;
  lasting.to_s = before.to_s;
  lasting.ended_by = before.ended_by;
  // Who it belongs to and why it began is told once; names do not change.
  if (lasting == before) return {};
  return contradiction(after, "number", "another value for an interval that is on record");
}

// Where the clock went back, what is on record already may be ahead of it.
int64_t latest_of(const std::vector<MeterSpan>& before, int64_t now_s) {
  int64_t latest_s = now_s + kAheadSecondsMax;
  for (const auto& span : before)
    latest_s = std::max({latest_s, span.from_s, span.to_s.value_or(span.from_s)});
  return latest_s;
}

Status check_times(const MeterSpan& span, int64_t latest_s) {
  if (span.from_s > latest_s || span.to_s.value_or(span.from_s) > latest_s)
    return contradiction(span, span.to_s ? "until" : "since", "is in the future");
  if (span.to_s && *span.to_s < span.from_s)
    return contradiction(span, "until", "is before its beginning");
  if (span.number < 1 || span.payer.empty())
    return contradiction(span, "number", "needs a number from 1 on and somebody to charge");
  return {};
}

}  // namespace

Result<std::vector<LedgerEdge>> ledger_edges(const std::string& subject,
                                             const std::vector<MeterSpan>& before,
                                             const std::vector<MeterSpan>& after, int64_t now_s) {
  std::vector<LedgerEdge> edges;
  for (const auto& old : before) {
    if (find(after, old) == nullptr && !old.to_s)
      edges.push_back({subject, ended(old, std::max(now_s, old.from_s))});
  }
  for (const auto& span : after) {
    const auto* old = find(before, span);
    if (old != nullptr && *old == span) continue;
    CHARTER_TRY(check_times(span, latest_of(before, now_s)));
    if (old != nullptr && old->number == span.number) {
      CHARTER_TRY(check_same(*old, span));
      edges.push_back({subject, span});
      continue;
    }
    const auto last = old == nullptr ? 0 : old->number;
    if (span.number != last + 1)
      return contradiction(span, "number", "must follow #" + std::to_string(last));
    if (old != nullptr && !old->to_s) {
      edges.push_back({subject, ended(*old, span.from_s)});
      edges.back().span.ended_by = span.by;
    }
    if (old != nullptr && span.from_s < old->to_s.value_or(old->from_s))
      return contradiction(span, "since", "overlaps the interval before it");
    MeterSpan begun = span;
    begun.to_s.reset();
    begun.ended_by.clear();
    edges.push_back({subject, begun});
    if (span.to_s) edges.push_back({subject, span});
  }
  return edges;
}

std::vector<LedgerEdge> ledger_edges_of_state(const std::string& subject,
                                              const std::vector<MeterSpan>& last,
                                              const std::vector<MeterSpan>& spans) {
  std::vector<LedgerEdge> edges;
  for (const auto& span : spans) {
    const auto* open = find(last, span);
    if (open != nullptr && open->number < span.number) {
      edges.push_back({subject, ended(*open, span.from_s)});
      edges.back().span.ended_by = span.by;
    }
    MeterSpan begun = span;
    begun.to_s.reset();
    begun.ended_by.clear();
    edges.push_back({subject, std::move(begun)});
    if (span.to_s) edges.push_back({subject, span});
  }
  return edges;
}

}  // namespace charter
