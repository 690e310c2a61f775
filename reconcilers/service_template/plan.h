#pragma once

#include "crds/types/service_template.h"
#include "reconcilers/common/step.h"

#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one template. Pure: no I/O, no clock, no globals. A template makes
// nothing; its passes say whether it can be sold.
//
//   deleting  offerings  consistent  images there  -> next     Ready
//   yes       some       -           -                wait     Unknown InUse
//   yes       none       -           -                release  Unknown Deleting
//   no        -          no          -                stuck    False   InvalidSpec
//   no        -          yes         no               wait     Unknown ReferenceNotFound
//   no        -          yes         yes              done     True    Consistent
namespace charter::service_template {

/// A template acts on nothing but its own status.
using Action = std::variant<std::monostate>;
/// The decision about a template.
using Step = charter::Step<ServiceTemplate, Action>;

/// The world around one template, looked at once.
struct Observed {
  std::set<std::string> images;        ///< those of its images that exist
  std::vector<std::string> offerings;  ///< names of offerings that sell it, in order
};

/// The table above.
Step plan(const ServiceTemplate& object, const Observed& have);

/// Ready, Invalid or Pending.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::service_template
