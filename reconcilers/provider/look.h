#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/provider/plan.h"

// One look at the world around a provider: the endpoint in one bulk call, and which of its things
// have an object.
namespace charter::provider {

/// Looks once. Errors: when the API could not be asked about a possible orphan.
Result<Observed> look(const Provider& provider, const Runtime& rt, DriverPool& drivers);

}  // namespace charter::provider
