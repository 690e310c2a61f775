#pragma once

#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one revision. Pure: no I/O, no clock, no globals. A revision stays
// while anything refers to it: its offering sells it, or contracts or instances pinned it. A newer
// edition and no users make it garbage. Only what is seen to be superseded goes: a revision that
// its offering has not noted yet is younger than what the offering sells.
//
//   deleting  users  offering                          -> next            Ready
//   yes       some   -                                    wait            Unknown InUse
//   yes       none   -                                    release         Unknown Deleting
//   no        some   sells it                             done            True    Current
//   no        some   sells another                        done            True    Superseded
//   no        none   sells a later edition, or is gone    delete itself   Unknown Deleting
//   no        none   sells none or an earlier one         done            True    Superseded
namespace charter::service_offering_revision {

/// Removes the revision itself.
struct DeleteSelf {
  bool operator==(const DeleteSelf&) const = default;
};
/// What a revision does.
using Action = std::variant<DeleteSelf>;
/// The decision about a revision.
using Step = charter::Step<ServiceOfferingRevision, Action>;

/// What the offering of the revision's uid sells now.
struct OfferingFacts {
  std::string revision;
  int64_t edition = 0;
  bool deleting = false;
  bool undecided = false;  ///< contracts without acceptance: their offers may name any revision
};

/// The world around one revision, looked at once.
struct Observed {
  std::optional<OfferingFacts> offering;  ///< nothing: gone, or another object of the same name
  std::vector<std::string> contracts;     ///< "ns/name" that accepted it, also ended ones: bills
                                          ///< are computed from it
  std::vector<std::string> instances;     ///< "ns/name" pinned to it
};

/// The table above.
Step plan(const ServiceOfferingRevision& revision, const Observed& have);

/// Current or Superseded.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::service_offering_revision
