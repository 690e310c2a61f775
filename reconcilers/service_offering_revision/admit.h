#pragma once

#include "controller/object/admit.h"

// What may be written to a ServiceOfferingRevision: it is immutable, and its content is what its
// hash says, so that nobody can put other terms under a hash that was accepted. Pure; reads no
// other object. Metadata may change, because finalizers and labels do.
namespace charter::service_offering_revision {

/// Rules on the object.
Status admit(const AdmitRequest& request, const View& view);

/// Header fields: "image/NAME" for each frozen image, and the name of the frozen rate card.
Pairs header_fields(const Json& object);

}  // namespace charter::service_offering_revision
