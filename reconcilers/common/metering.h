#pragma once

#include "controller/object/ledger.h"
#include "crds/types/metering.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <variant>

// How status.metering moves on when a thing begins, ends or changes what it is charged for, and
// what the ledger gets of it. Pure. Times are whole seconds and never go back, whatever the clocks
// do: an interval begins where the one before it ended or later, and ends no earlier than it began.
namespace charter {

/// How much of a thing there is.
struct Charged {
  std::optional<int64_t> vcpus, memory_bytes, size_bytes;
};

/// When it may have happened.
struct MeterTimes {
  Instant now{};
  std::optional<Instant> began, ended;  ///< what the host says; else it is now
};

/// Brings one basis to what is there: nothing ends the interval that lasts, another amount ends it
/// now and begins the next.
void advance(std::optional<MeteredSpan>& span, const std::optional<Charged>& is,
             const MeterTimes& times, const std::string& by);

/// The span as the ledger takes it. `like` gives the parts that do not depend on the basis.
MeterSpan to_span(const Json& metered, std::string basis, MeterSpan like);

/// Makes a step that removes or releases wait until the end of what is charged for is on record.
/// `Remove` is the kind's action that takes the thing away.
template <class Remove, class KindStep>
void note_end_first(KindStep& step) {
  const bool removes = step.action && std::holds_alternative<Remove>(*step.action);
  if (!removes && step.release.empty()) return;
  if (!step.release.empty())
    step.deletion = DeletionStep{"ClosingMeters", "noting what is charged"};
  step.action.reset();
  step.release.clear();
  step.events.clear();
  step.outcome = Outcome::again();
}

/// Seconds since 1970, rounded down.
int64_t seconds_of(Instant at);
Instant instant_of(int64_t seconds);

}  // namespace charter
