#include "reconcilers/common/metering.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter {
namespace {

Instant whole(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at);
}

bool is_same(const MeteredSpan& span, const Charged& is) {
  return span.vcpus == is.vcpus && span.memory_bytes == is.memory_bytes &&
         span.size_bytes == is.size_bytes;
}

}  // namespace

void advance(std::optional<MeteredSpan>& span, const std::optional<Charged>& is,
             const MeterTimes& times, const std::string& by) {
  const Instant now = whole(times.now);
  const bool lasts = span && span->lasts();
  if (!is) {
    // A host that is ahead of us must not end anything in the future.
    if (!lasts) return;
    span->until = std::max(span->since, std::min(whole(times.ended.value_or(now)), now));
    span->ended_by = by;
    return;
  }
  if (lasts && is_same(*span, *is)) return;
  MeteredSpan next;
  next.number = span ? span->number + 1 : 1;
  next.since = lasts ? now : std::min(whole(times.began.value_or(now)), now);
  if (span) next.since = std::max(next.since, span->until.value_or(span->since));
  next.vcpus = is->vcpus;
  next.memory_bytes = is->memory_bytes;
  next.size_bytes = is->size_bytes;
  next.by = by;
  span = std::move(next);
}

MeterSpan to_span(const Json& metered, std::string basis, MeterSpan like) {
  like.basis = std::move(basis);
  like.number = int_at(metered, {"number"}).value_or(0);
  const auto since = parse_time(text_at(metered, {"since"}));
  like.from_s = since ? seconds_of(*since) : 0;
  if (const auto until = parse_time(text_at(metered, {"until"}))) like.to_s = seconds_of(*until);
  like.by = text_at(metered, {"by"});
  like.ended_by = text_at(metered, {"endedBy"});
  return like;
}

int64_t seconds_of(Instant at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

Instant instant_of(int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}

}  // namespace charter
