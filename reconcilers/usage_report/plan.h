#pragma once

#include "crds/types/usage_report.h"
#include "reconcilers/common/step.h"

#include <string_view>
#include <variant>

// Decides the next step for one UsageReport. Pure. This build meters nothing, so there is one row:
//
//   seen       -> next         Ready reason
//   deleting   -> (nothing)    Deleting
//   anything   -> (nothing)    MeteringNotAvailable
namespace charter::usage_report {

/// Nothing is done for a UsageReport, and nothing is looked at.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
using Action = std::variant<Nothing>;
using Step = charter::Step<UsageReport, Action>;

/// The table above.
Step plan(const UsageReport& object);

/// Always Unavailable: the word for people.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::usage_report
