#pragma once

#include "controller/base/object_gauges.h"
#include "controller/object/object.h"

// The metrics of each source, as its status says them:
//
//   charter_gitsource_ready, _healthy, _stalled, _suspended    1 or 0
//   charter_gitsource_objects, _objects_not_ready              that are applied; the latter at most
//   20 charter_gitsource_last_applied_timestamp_seconds           absent before the first time
namespace charter::git_source {

/// Shows what a source says now.
void show(ObjectGauges& gauges, const Encoded& source);

}  // namespace charter::git_source
