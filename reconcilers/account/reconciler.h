#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How accounts meet the runtime: the lines of reconcilers/register.cc.
namespace charter::account {

/// Admission, guard and header fields of Accounts.
KindHooks hooks();

/// Counts what an account's contracts hold, notes changes, and closes it when they have ended.
ControllerSpec controller();

}  // namespace charter::account
