#pragma once

#include "controller/object/ledger.h"
#include "reconcilers/machine/plan.h"

// What a machine consumed, from readings of its host's cumulative counters. Pure.
//
//   reading                             what was consumed since the one before
//   same epoch, value not smaller       the difference
//   same epoch, value smaller           the value: it began again at zero
//   another epoch                       the value
//   first of a machine that is new      the value, since it was made
//   first of a machine that ran before  nothing is known: counts from here
//   value that was not counted before   nothing is known: counts from here
//
// Readings that are not newer than the last one, or in the same second, are left aside, and those
// that say that nothing was consumed, so that what is off writes nothing. What was consumed between
// the last reading and the end of an epoch that nobody read any more is not charged.
namespace charter::machine {

/// Goes on from what is on record; `is_new` when the machine is charged for the first time.
void consume(Metering& metering, const Observed& have, bool is_new);
/// The newest interval as the ledger takes it: meter "consumption", amounts of the whole interval.
/// Nothing before the first. `like` gives what is the same for all of the machine's meters.
std::optional<MeterSpan> consumption_span(const Json& metering, MeterSpan like);

}  // namespace charter::machine
