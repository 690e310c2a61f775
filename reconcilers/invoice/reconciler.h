#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How Invoice objects meet the runtime: the lines of reconcilers/register.cc.
namespace charter::invoice {

/// Admission, see admit.h.
KindHooks hooks();

/// Rates the period of each bill, and issues it when it is due.
ControllerSpec controller();

}  // namespace charter::invoice
