#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How ServiceOfferingRevisions meet the runtime: the lines of reconcilers/register.cc.
namespace charter::service_offering_revision {

/// Admission and header fields.
KindHooks hooks();

/// The kind's controller.
ControllerSpec controller();

}  // namespace charter::service_offering_revision
