#pragma once

#include "reconcilers/service_instance/plan.h"

#include <optional>

// The lease of an instance: how long it runs unless somebody prolongs it. Pure.
//
//   spec.lease            now                    -> Lease condition      effect
//   none                  any                    -> (none)               status.leaseExpires is
//   cleared new                   any                    -> True LeaseRunning    ends `duration`
//   after creation added or changed      any                    -> True LeaseRunning    ends
//   `duration` from now same                  before the warning     -> True LeaseRunning same
//   warnBefore or less     -> True LeaseExpiring   one warning event same, Deactivate      at the
//   end or later    -> False LeaseExpired   counts as Deactivated same, Delete          at the end
//   or later    -> False LeaseExpired   deletes itself
namespace charter::service_instance {

/// Applies the table to the pass. Returns when the next row is due.
std::optional<Instant> apply_lease(Pass& pass);

/// True once the lease of this pass ran out.
bool lease_is_over(const Pass& pass);

}  // namespace charter::service_instance
