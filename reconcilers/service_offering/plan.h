#pragma once

#include "reconcilers/common/step.h"
#include "reconcilers/service_offering/content.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one offering. Pure: no I/O, no clock, no globals. Publishing freezes
// offering, template, rate card and images into an immutable revision; from then on only a raised
// spec.edition publishes again, whatever is edited.
//
//   deleting  contracts  publication   edition published  content  exists -> next      Ready
//   yes       some       -             -                  -        -      wait        Unknown InUse
//   yes       none       -             -                  -        -      release     Unknown
//   no        -          Draft         -                  -        -      done        True Draft
//   no        -          Retired       -                  -        -      done        True Retired
//   no        -          Pub., Depr.   no                 unsound  -      stuck/wait  False,
//   Unknown no        -          Pub., Depr.   no                 sound    no     create Unknown
//                                                                         revision    Publishing
//   no        -          Pub., Depr.   no                 sound    yes    done        True
//   Published no        -          Pub., Depr.   yes                any      -      done True
//   Published
//
// The pin is status.revision. If it is lost, the revision with the offering's edition is the one.
namespace charter::service_offering {

/// Makes the revision object; its name follows from the content.
struct CreateRevision {
  std::string name;
  ServiceOfferingRevision::Spec spec;
  bool operator==(const CreateRevision&) const = default;
};
/// What an offering does.
using Action = std::variant<CreateRevision>;
/// The decision about an offering.
using Step = charter::Step<ServiceOffering, Action>;

/// One revision of this offering (same uid).
struct RevisionFacts {
  std::string name;
  Instant created{};
  ServiceOfferingRevision::Spec spec;
};

/// The world around one offering, looked at once.
struct Observed {
  Instant now{};
  Sources sources;
  std::vector<RevisionFacts> revisions;
  std::vector<std::string> contracts;  ///< "ns/name" of contracts under it that have not ended
};

/// The table above.
Step plan(const ServiceOffering& offering, const Observed& have);

/// Draft, Published, Deprecated, Retired or Incomplete.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::service_offering
