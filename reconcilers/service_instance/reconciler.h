#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How service instances meet the runtime: the lines of reconcilers/register.cc.
namespace charter::service_instance {

/// Admission, guard and header fields of ServiceInstances.
KindHooks hooks();

/// Turns instances into Machines and Volumes, and shows how these are. Never calls a driver.
ControllerSpec controller();

}  // namespace charter::service_instance
