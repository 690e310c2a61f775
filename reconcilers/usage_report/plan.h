#pragma once

#include "crds/types/usage_report.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string_view>
#include <variant>

// Decides the next step for one UsageReport. Pure.
//
//   seen                                  -> next                          Ready reason
//   deleting                              -> (nothing)                     Deleting
//   no such contract                      -> wait                          ReferenceNotFound
//   nothing was metered yet               -> wait for the contract         ContractNotActive
//   not begun                             -> wait for the beginning        Pending
//   running                               -> note what was until now once, Active
//                                            and wait for the end
//   over, usage may still come            -> note it, wait                 Active
//   over, and the grace for late usage    -> note it for the last time     Complete
//
// A report is made when it is asked for and when its period and its grace end, never in between: a
// report that is open costs nothing.
namespace charter::usage_report {

/// What the ledger says of a period.
struct Answer {
  std::vector<UsageReport::Line> lines;
  std::vector<UsageReport::Action> actions;
  std::vector<UsageReport::HourOfDay> profile;
  std::vector<UsageReport::Days> days;
  std::string csv;
};

/// How far a report is.
enum class Stage { NotBegun, Running, Late, Over };

/// The world around one report, looked at once.
struct Observed {
  Instant now{};
  bool has_contract = false;
  bool is_metered = false;       ///< the contract ever was in force
  Instant settled{};             ///< end of the period and of the grace for late usage
  std::optional<Answer> answer;  ///< nothing: as status has it
};

/// Reports act on nothing but themselves.
struct Nothing {
  bool operator==(const Nothing&) const = default;
};
using Action = std::variant<Nothing>;
using Step = charter::Step<UsageReport, Action>;

/// How far a report is at `now`; `settled` as in Observed.
Stage stage_of(const UsageReport& report, Instant now, Instant settled);
/// Whether it has to be made (again).
bool is_due(const UsageReport& report, Instant now, Instant settled);

/// The table above.
Step plan(const UsageReport& report, const Observed& have);

/// Complete, Partial or Unavailable: the word for people.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::usage_report
