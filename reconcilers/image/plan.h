#pragma once

#include "crds/types/image.h"
#include "reconcilers/common/step.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one image. Pure: no I/O, no clock, no globals. Charter pins the stated
// digest; the provider that deploys the image fetches it and compares, so nothing is fetched here.
//
//   deleting  users  source legal  -> next     Ready
//   yes       some   -                wait     Unknown InUse
//   yes       none   -                release  Unknown Deleting
//   no        -      no               stuck    False   InvalidSpec
//   no        -      yes              done     True    Ready
namespace charter::image {

/// An image acts on nothing but its own status.
using Action = std::variant<std::monostate>;
/// The decision about an image.
using Step = charter::Step<Image, Action>;

/// The world around one image, looked at once.
struct Observed {
  std::vector<std::string> users;  ///< "service template catalog/web": templates and revisions
};

/// The table above.
Step plan(const Image& image, const Observed& have);

/// Ready, Rejected or Pending.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::image
