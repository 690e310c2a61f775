#pragma once

#include "crds/types/contract.h"

#include <optional>

// When a contract starts and ends: its term, renewal, minimum term and termination. Calendar
// arithmetic only; the present comes in as a value. Pure.
namespace charter::contract {

/// When a contract accepted at that time starts: at once, or at the time that the term names. Never
/// before acceptance.
Instant start_of(const Contract::Term& term, Instant accepted_at);

/// End of the term that is running at `at`: of the first one, or, with renew Auto, of the first
/// that ends after `at`. Renewals count from the start, so that a term begun on the 31st stays
/// there. Nothing without duration and end.
std::optional<Instant> term_end(const Contract::Term& term, Instant start, Instant at);

/// End of a single such period.
Instant end_of(const CalendarPeriod& period, Instant start);
/// Longer than a hundred years: refused, because it is a mistake and because time ends in 2262.
bool is_too_long(const CalendarPeriod& period);

/// What the clock says about a contract in force.
struct Lifetime {
  enum class Stage { NotStarted, Running, Terminating, Expiring };
  Stage stage = Stage::NotStarted;
  Instant start{};
  std::optional<Instant> ends;  ///< end of the running term, or when termination takes effect
  bool operator==(const Lifetime&) const = default;
};

/// What is in force, as far as time is concerned.
struct InForce {
  Contract::Term term;
  std::optional<Contract::Terminate> terminate;
  std::optional<CalendarPeriod> minimum_term;
  Instant accepted_at{};
  std::optional<Instant> ending_since;  ///< noted when the end was first seen: "at once" stays put
};

/// The stage at `now`. Termination without a time takes effect at once, but not before the minimum
/// term is over.
Lifetime lifetime(const InForce& in_force, Instant now);

/// Whether this termination has taken effect, so that it can't be taken back.
bool takes_effect(const Lifetime& life);

}  // namespace charter::contract
