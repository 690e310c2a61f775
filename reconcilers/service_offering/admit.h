#pragma once

#include "controller/object/admit.h"

// What may be written to a ServiceOffering. Pure: other objects through the View only.
//
//   always     units, visibility and policy make sense; parameters only narrow the template, if it
//              exists (objects arrive in any order; the plan checks again before it publishes)
//   Published  or Deprecated: service level, units and billing are there, and each unit has a
//   price,
//              if the rate card exists
//   update     spec.edition never falls; what was published does not become a Draft again
//
// A write that leaves the spec as it was, or is to an object in deletion, is never judged.
namespace charter::service_offering {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

}  // namespace charter::service_offering
