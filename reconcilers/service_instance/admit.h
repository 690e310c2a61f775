#pragma once

#include "controller/object/admit.h"
#include "reconcilers/service_instance/holdings.h"

// What may be written to a ServiceInstance. Pure: other objects through the View only.
//
//   create       contract exists; parameters and volumes are legal under its accepted revision,
//                before acceptance under the offering's published one; a named provider exists and
//                the placement allows it; volumes are large enough to be one; lease is a time
//   update       contractRef stays; what changed is judged as on create, under the revision that
//                the instance is pinned to; disks and volumes never shrink
//   delete       always
//   in the turn  (`guard`) the contract's units, over all its instances and volumes
//
// An object in deletion takes every change, because finalizers have to go.
namespace charter::service_instance {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view, Catalogs& catalogs);
Status admit(const AdmitRequest& request, const View& view);

/// Rules that two writes must not pass together. Refuses with "compute: ordered 3, used 2, asked 2"
/// and the field's path.
Status guard(const AdmitRequest& request, const View& view, Catalogs& catalogs);
Status guard(const AdmitRequest& request, const View& view);

}  // namespace charter::service_instance
