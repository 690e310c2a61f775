#pragma once

#include "controller/object/admit.h"

// What may be written to a Provider. Pure: other objects through the View only.
//
//   always       the section of its driver is there, no other driver's section is; each injected
//                failure says exactly once how often
//   update       spec.driver stays
//   libvirt      credentialsRef over TLS and SSH, and only there
//   warning      credentialsRef with the simulated driver
//
// Drivers that this build lacks are admitted and shown as Stalled: the same manifest must apply
// everywhere. An object in deletion takes every change, because finalizers have to go.
namespace charter::provider {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

}  // namespace charter::provider
