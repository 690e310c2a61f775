#pragma once

#include "controller/object/admit.h"
#include "crds/types/contract.h"
#include "crds/types/volume.h"

// What may be written to a Volume. Pure: other objects through the View only.
//
//   always       several machines in spec.attachTo need spec.shared
//   create       a volume of no instance names a Contract of its namespace
//   update       spec.size does not shrink; contract, instance, class and shared stay; the provider
//                stays once there is one
//   in the turn  (`guard`) a consumer's own volumes stay within the contract's accepted storage
//                units, together with all other volumes of the contract, and have a size that its
//                template sells. Before the acceptance a volume only waits.
//
// An object in deletion takes every change, because finalizers have to go.
namespace charter::volume {

/// Rules on the newest snapshot.
Status admit(const AdmitRequest& request, const View& view);

/// Rules that two writes must not pass together: "storage: ordered 5, used 5, asked 6".
Status guard(const AdmitRequest& request, const View& view);

/// Which other volumes of the contract count.
enum class Others {
  All,
  Earlier,  ///< placed ones, and of those that wait the ones before it by name
};

/// Whether the accepted order covers the volume, which belongs to no instance. Errors: Forbidden
/// with reason TooManyUnits, Invalid for a size that is not for sale.
Status check_order(const Volume& volume, const Contract& contract, const View& view, Others others);

// Header fields that other passes and the guard look up without parsing (KindHooks::index):
//
//   bytes          spec.size in bytes
//   class          spec.class, unless it is empty
//   contract       spec.contractRef.name
//   provider       status.provider or spec.providerRef.name
//   waits-for      the same ("any" without one), while not Ready
//   attach/NAME    NAME, for each of spec.attachTo
//   made           bytes as observed, once it exists at the provider
//   stays          the reclaim policy, unless it is Delete
inline constexpr std::string_view kBytesField = "bytes";
inline constexpr std::string_view kClassField = "class";
inline constexpr std::string_view kContractField = "contract";
inline constexpr std::string_view kProviderField = "provider";
inline constexpr std::string_view kWaitsForField = "waits-for";
inline constexpr std::string_view kAttachField = "attach/";
inline constexpr std::string_view kMadeField = "made";
inline constexpr std::string_view kStaysField = "stays";
inline constexpr std::string_view kAnyProvider = "any";

/// The fields of a Volume, sorted.
Pairs header_fields(const Json& volume);
/// Names of spec.attachTo, from the header.
std::vector<std::string> targets_of(const Header& volume);

}  // namespace charter::volume
