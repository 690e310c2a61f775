#include "reconcilers/contract/term.h"

#include <algorithm>

namespace charter::contract {
namespace {

using namespace std::chrono_literals;
using std::chrono::hours;

// Where calendar arithmetic ends: nanoseconds in 64 bits reach 2262, and no contract gets there.
constexpr Instant kEndOfTime = std::chrono::sys_days(2200y / 1 / 1);
constexpr Instant kLatestStart = std::chrono::sys_days(2100y / 1 / 1);
constexpr int64_t kTermDaysMax = 36'500;

// Days of the shortest such period: a lower bound for how many terms have passed.
int64_t days_least(const CalendarPeriod& period) {
  switch (period.unit) {
    case CalendarPeriod::Unit::Years:
      return period.count * 365;
    case CalendarPeriod::Unit::Months:
      return period.count * 28;
    case CalendarPeriod::Unit::Weeks:
      return period.count * 7;
    case CalendarPeriod::Unit::Days:
      break;
  }
  return period.count;
}

Instant after_terms(Instant start, const CalendarPeriod& period, int64_t terms) {
  if (start > kLatestStart || days_least(period) * terms > kTermDaysMax) return kEndOfTime;
  return add_period(start, {period.count * terms, period.unit});
}

// The first end after `at`. The number of terms is searched by halves, so that years of one-day
// terms cost no loop over each.
Instant renewed_end(Instant start, const CalendarPeriod& period, Instant at) {
  int64_t low = 1;
  if (at < after_terms(start, period, low)) return after_terms(start, period, low);
  int64_t high = (at - start) / (hours(24) * days_least(period)) + 2;
  while (low + 1 < high) {
    const auto middle = low + (high - low) / 2;
    (after_terms(start, period, middle) <= at ? low : high) = middle;
  }
  return after_terms(start, period, high);
}

Instant renewed_end(Instant start, Instant end, Instant at) {
  if (at < end || end <= start) return end;
  const auto length = end - start;
  return end + length * ((at - end) / length + 1);
}

}  // namespace

Instant start_of(const Contract::Term& term, Instant accepted_at) {
  const auto named = parse_time(term.start);
  return named ? std::max(*named, accepted_at) : accepted_at;
}

std::optional<Instant> term_end(const Contract::Term& term, Instant start, Instant at) {
  const bool renews = term.renew == Renewal::Auto;
  if (term.duration) {
    return renews ? renewed_end(start, *term.duration, at) : after_terms(start, *term.duration, 1);
  }
  if (term.end) return renews ? renewed_end(start, *term.end, at) : *term.end;
  return std::nullopt;
}

Lifetime lifetime(const InForce& in_force, Instant now) {
  Lifetime life;
  life.start = start_of(in_force.term, in_force.accepted_at);
  // A renewal after the wish to end has taken effect would move the end away from it.
  life.ends = term_end(in_force.term, life.start, now);
  if (in_force.terminate && in_force.terminate->requested) {
    auto effective = in_force.terminate->at.value_or(in_force.ending_since.value_or(now));
    if (in_force.minimum_term) {
      effective = std::max(effective, after_terms(life.start, *in_force.minimum_term, 1));
    }
    if (in_force.term.renew == Renewal::None && life.ends && *life.ends < effective) {
      effective = *life.ends;
    }
    life.ends = effective;
    if (effective <= now) {
      life.stage = Lifetime::Stage::Terminating;
      return life;
    }
  } else if (in_force.term.renew == Renewal::None && life.ends && *life.ends <= now) {
    life.stage = Lifetime::Stage::Expiring;
    return life;
  }
  life.stage = life.start <= now ? Lifetime::Stage::Running : Lifetime::Stage::NotStarted;
  return life;
}

Instant end_of(const CalendarPeriod& period, Instant start) {
  return after_terms(start, period, 1);
}

bool is_too_long(const CalendarPeriod& period) {
  return days_least(period) > kTermDaysMax;
}

bool takes_effect(const Lifetime& life) {
  return life.stage == Lifetime::Stage::Terminating || life.stage == Lifetime::Stage::Expiring;
}

}  // namespace charter::contract
