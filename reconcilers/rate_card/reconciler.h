#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How RateCards meet the runtime: the lines of reconcilers/register.cc.
namespace charter::rate_card {

/// Admission and header fields.
KindHooks hooks();

/// The kind's controller.
ControllerSpec controller();

}  // namespace charter::rate_card
