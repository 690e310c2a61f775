#pragma once

#include "controller/runtime/rehearsed.h"

namespace charter::preview {

/// Tells what a rehearsal saw, for people or for programs:
///
///   + created  ~ changed in place  ! restarted  ± replaced  - destroyed, one line an object with
///   the fields that differ; then what waits and why, where instances are placed, prices per month
///   before and after, refused documents, and a line of counts.
///
/// Pure. An estimate that is no money is told as such and adds nothing to the total.
PlanReport report(const Rehearsed& seen, PlanForm form);

}  // namespace charter::preview
