#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/manager.h"
#include "drivers/provider_driver.h"

// How providers meet the runtime: the lines of reconcilers/register.cc.
namespace charter::provider {

/// Admission of Providers.
KindHooks hooks();

/// Looks at each endpoint once every kLookInterval. `drivers` outlives it.
ControllerSpec controller(DriverPool& drivers);

/// Makes drivers' hints keys of the Machine or Volume with that uid. A hint carries no meaning:
/// the pass that it causes looks by itself. All arguments outlive the pool's last look.
void route_hints(DriverPool& drivers, const Caches& caches, Controller& machines,
                 Controller& volumes);

/// Index of Machines and Volumes by metadata.uid; whoever asks route_hints declares it.
inline constexpr const char* kByUid = "uid";
std::vector<std::string> uid_index(const Header& header);

}  // namespace charter::provider
