#pragma once

#include "reconcilers/service_instance/plan.h"

namespace charter::service_instance {

/// The rows of plan.h that begin with "deleting". They need neither contract nor revision nor
/// provider: what is there is what has to go.
void tear_down(Pass& pass);

}  // namespace charter::service_instance
