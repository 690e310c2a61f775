#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"
#include "drivers/provider_driver.h"

// How volumes meet the runtime: the lines of reconcilers/register.cc.
namespace charter::volume {

/// Admission, guard and header fields of Volumes.
KindHooks hooks();

/// Keeps each Volume's external volume as its spec says, and attached where it is wanted.
/// `drivers` outlives it.
ControllerSpec controller(DriverPool& drivers);

}  // namespace charter::volume
