#pragma once

#include "controller/runtime/reconciler.h"
#include "drivers/provider_driver.h"
#include "reconcilers/volume/plan.h"

// One look at the world around a volume: its provider, its machines, the external volume.
namespace charter::volume {

/// Index of Volumes by the Machines of spec.attachTo, as "ns/name".
inline constexpr const char* kByTarget = "spec.attachTo";
/// Index of Volumes by the provider they wait for, or "any".
inline constexpr const char* kByWaitsFor = "waits-for";
/// Index of Volumes by status.provider or spec.providerRef, for pauses.
inline constexpr const char* kByProvider = "provider";

/// Looks once. Errors: when the endpoint could not be asked, or an object in a cache can't be read.
Result<Observed> look(const Volume& volume, const Runtime& rt, DriverPool& drivers);

/// Where a volume without a provider shall live: its instance's provider, or the one that the
/// contract's accepted placement allows and that has most room. Sets `provider` or `blocker`.
Status place(const Volume& volume, const Caches& caches, Observed& have);

}  // namespace charter::volume
