#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How UsageReport objects meet the runtime: the lines of reconcilers/register.cc.
namespace charter::usage_report {

/// Admission, see admit.h.
KindHooks hooks();

/// Answers each report from the ledger.
ControllerSpec controller();

}  // namespace charter::usage_report
