#include "reconcilers/billing/timeline.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace charter::billing {
namespace {

std::string action_of(const std::string& meter, bool begins, bool is_first) {
  if (meter == "order") return begins ? "Ordered" : "OrderEnded";
  if (meter == "volume") return begins ? "Provisioned" : "Removed";
  if (!begins) return "Deactivated";
  return is_first ? "Provisioned" : "Reactivated";
}

}  // namespace

void Timeline::add(const LedgerInterval& interval) {
  const MeterSpan& span = interval.span;
  if (span.meter == "machine" && span.basis != "Active") return;
  if (span.meter == "consumption") return;  // nothing was done
  if (span.from_s >= from_s_ && span.from_s < to_s_) note(interval, span.from_s, true);
  if (span.to_s && *span.to_s >= from_s_ && *span.to_s < to_s_) note(interval, *span.to_s, false);
}

void Timeline::note(const LedgerInterval& interval, int64_t at_s, bool begins) {
  const MeterSpan& span = interval.span;
  // Machines of one instance are one action; a volume is told of by itself, not as one machine
  // more.
  const bool is_counted = span.meter == "machine" && !span.part_of.empty();
  const auto& object = is_counted ? span.part_of : span.name;
  edges_.push_back({at_s, interval.subject, span.meter, object, begins ? span.by : span.ended_by,
                    begins, span.number == 1});
}

std::vector<TimelineAction> Timeline::actions() const {
  // A thing that ends and begins in one second was changed, not stopped.
  std::map<std::pair<int64_t, std::string>, int> ends;
  for (const Edge& edge : edges_) {
    if (!edge.begins && edge.meter != "order") ++ends[{edge.at_s, edge.subject}];
  }
  using Key = std::tuple<int64_t, std::string, std::string, std::string>;
  std::map<Key, int64_t> counts;
  std::map<std::pair<int64_t, std::string>, int> resized;
  for (const Edge& edge : edges_) {
    const auto at = ends.find({edge.at_s, edge.subject});
    if (!edge.begins || edge.is_first || at == ends.end()) continue;
    ++counts[{edge.at_s, "Resized", edge.object, edge.by}];
    ++resized[{edge.at_s, edge.subject}];
  }
  for (const Edge& edge : edges_) {
    if (edge.meter != "order" && resized.contains({edge.at_s, edge.subject})) continue;
    ++counts[{edge.at_s, action_of(edge.meter, edge.begins, edge.is_first), edge.object, edge.by}];
  }
  std::vector<TimelineAction> actions;
  for (const auto& [key, count] : counts)
    actions.push_back(
        {std::get<0>(key), std::get<1>(key), std::get<2>(key), std::get<3>(key), count});
  return actions;
}

}  // namespace charter::billing
