#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How ServiceTemplates meet the runtime: the lines of reconcilers/register.cc.
namespace charter::service_template {

/// Admission and header fields.
KindHooks hooks();

/// The kind's controller.
ControllerSpec controller();

}  // namespace charter::service_template
