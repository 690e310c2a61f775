#pragma once

#include "crds/types/rate_card.h"
#include "reconcilers/common/step.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one rate card. Pure: no I/O, no clock, no globals. A card makes
// nothing; its passes say whether its prices hold now.
//
//   deleting  users  consistent  now             -> next               Ready
//   yes       some   -           -                  wait               Unknown InUse
//   yes       none   -           -                  release            Unknown Deleting
//   no        -      no          -                  stuck              False   InvalidSpec
//   no        -      yes         before its time    wait until then    Unknown NotYetEffective
//   no        -      yes         within             wait for its end   True    Effective
//   no        -      yes         after its time     stuck              False   Expired
namespace charter::rate_card {

/// A rate card acts on nothing but its own status.
using Action = std::variant<std::monostate>;
/// The decision about a rate card.
using Step = charter::Step<RateCard, Action>;

/// The world around one card, looked at once.
struct Observed {
  Instant now{};
  std::vector<std::string> users;  ///< "service offering web": offerings and revisions
};

/// The table above.
Step plan(const RateCard& card, const Observed& have);

/// Scheduled, Effective, Expired or Invalid.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::rate_card
