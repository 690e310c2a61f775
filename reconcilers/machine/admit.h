#pragma once

#include "controller/object/admit.h"

// What may be written to a Machine. Pure: other objects through the View only.
//
//   update  spec.providerRef, spec.instanceRef, spec.component and spec.index stay: they say which
//           machine this is
//
// An object in deletion takes every change, because finalizers have to go.
namespace charter::machine {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

// Header fields that other passes look up without parsing (KindHooks::index):
//
//   external       status.externalID, once the vm exists
//   waits-for      provider name, while Ready is not True
//   volume/NAME    NAME, for each of spec.volumes
//   runs           "VCPUS BYTES" as observed, while it is on
//   consumes       when its counters were last read, while they are
inline constexpr std::string_view kExternalField = "external";
inline constexpr std::string_view kWaitsForField = "waits-for";
inline constexpr std::string_view kVolumeField = "volume/";
inline constexpr std::string_view kRunsField = "runs";
inline constexpr std::string_view kConsumesField = "consumes";

/// The fields of a Machine, sorted.
Pairs header_fields(const Json& machine);
/// Names of spec.volumes, from the header.
std::vector<std::string> volumes_of(const Header& machine);

}  // namespace charter::machine
