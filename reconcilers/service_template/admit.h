#pragma once

#include "controller/object/admit.h"

// What may be written to a ServiceTemplate: anything that makes sense in itself (consistency.h).
// Editing it changes nothing that runs, so nothing is immutable. Images need not exist yet: objects
// arrive in any order. An object in deletion takes every change, because finalizers have to go.
namespace charter::service_template {

/// Pure; reads no other object.
Status admit(const AdmitRequest& request, const View& view);

/// Header fields: "image/NAME" for each image that it names.
Pairs header_fields(const Json& object);

}  // namespace charter::service_template
