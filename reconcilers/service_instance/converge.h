#pragma once

#include "reconcilers/service_instance/plan.h"

namespace charter::service_instance {

/// The rows of plan.h for an instance that is placed: the first difference between what is wanted
/// and what is there becomes the action; none, and the instance waits for its children.
void converge(Pass& pass, const Blueprint& blueprint, const Wanted& wanted);

/// What still holds when nothing new may be made: machines that are to be off are set Off.
void stop_only(Pass& pass);

}  // namespace charter::service_instance
