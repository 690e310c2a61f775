#pragma once

#include "controller/object/object.h"
#include "reconcilers/common/naming.h"
#include "reconcilers/common/reasons.h"
#include "reconcilers/common/step.h"

#include <string>
#include <utility>
#include <vector>

// Deletion of catalog objects, which others use: the object stays until nobody uses it any more,
// and says who does. Pure.
namespace charter {

/// "contract shop/a, contract shop/b and 7 more": the first five names.
std::string user_list(const std::vector<std::string>& users);

/// Completes the step of an object in deletion; false when it is not being deleted. With users the
/// object waits for an event; without, kInUseFinalizer goes.
template <class AnyStep>
bool plan_in_use_deletion(const Meta& meta, const std::vector<std::string>& users, AnyStep& step) {
  if (meta.deleted.empty()) return false;
  if (users.empty()) {
    step.ready = ready_unknown(reasons::kDeleting, "nobody uses it any more");
    step.release = {std::string(kInUseFinalizer)};
    return true;
  }
  auto blocker = "used by " + user_list(users);
  step.ready = ready_unknown(reasons::kInUse, "being deleted, but " + blocker);
  step.deletion = DeletionStep{std::string(reasons::kInUse), std::move(blocker)};
  step.outcome = Outcome::wait({}, std::string(reasons::kInUse));
  return true;
}

}  // namespace charter
