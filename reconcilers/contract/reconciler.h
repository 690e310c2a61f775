#pragma once

#include "controller/object/admit.h"
#include "controller/runtime/controller.h"

// How contracts meet the runtime: the lines of reconcilers/register.cc.
namespace charter::contract {

/// Admission, guard and header fields of Contracts.
KindHooks hooks();

/// Brings contracts from request to agreement and to their end. Creates nothing; deletes service
/// instances and the consumer's own volumes when a contract ends.
ControllerSpec controller();

}  // namespace charter::contract
