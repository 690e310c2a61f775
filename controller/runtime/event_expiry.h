#pragma once

#include "controller/runtime/manager.h"

namespace charter {

/// Registers the controller that removes core Events kEventLifetime after they last happened. Each
/// Event has a pass when it changes and one when its time is over, so nothing is searched for and a
/// store without old Events is never written to; after a restart the first list gives each its pass
/// again.
void add_event_expiry(Manager& manager);

}  // namespace charter
