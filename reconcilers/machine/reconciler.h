#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"
#include "drivers/provider_driver.h"

// How machines meet the runtime: the lines of reconcilers/register.cc.
namespace charter::machine {

/// Admission and header fields of Machines.
KindHooks hooks();

/// Keeps each Machine's vm as its spec says. `drivers` outlives it.
ControllerSpec controller(DriverPool& drivers);

// Indexes of Machines that this controller declares.
inline constexpr const char* kByProvider = "provider";    ///< provider name
inline constexpr const char* kByWaitsFor = "waits-for";   ///< provider name, until Ready
inline constexpr const char* kByVolume = "spec.volumes";  ///< "ns/name" of a Volume
std::vector<std::string> volume_index(const Header& machine);

}  // namespace charter::machine
