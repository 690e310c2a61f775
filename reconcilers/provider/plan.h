#pragma once

#include "crds/types/provider.h"
#include "drivers/provider_driver.h"
#include "reconcilers/common/step.h"

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// Decides the next step for one provider. Pure: no I/O, no clock, no globals. A provider's pass is
// one bulk look; what it shows is status, and what it hints at are keys of Machines and Volumes.
//
//   deleting  used by  open | driver   opened  look   -> next          Ready reason
//   yes       some     -      -        -       -         wait          InUse
//   yes       none     yes    -        -       -         Close         Deleting
//   yes       none     no     -        -       -         release       Deleting
//   no        -        -      unknown  -       -         (nothing)     Unsupported
//   no        -        -      known    Invalid -         (nothing)     InvalidSettings
//   no        -        -      known    failed  -         look again    NotReachable, or the reason
//                                                                      why nobody can log in
//   no        -        -      known    yes     failed    look again    NotReachable
//   no        -        -      known    yes     done      look again    Ready
//
// ConsumptionMetered=False while machines here are charged for what they consume and the endpoint
// counts nothing: it is charged for by nobody, and should be no surprise to who sells it.
//
// Orphans are shown and never destroyed: a list can only tell what is there, not what should go.
namespace charter::provider {

/// Forgets the connection; nothing outside changes.
struct Close {
  bool operator==(const Close&) const = default;
};
using Action = std::variant<Close>;
/// The decision about a provider.
using Step = charter::Step<Provider, Action>;

/// Time between two looks.
inline constexpr Duration kLookInterval = std::chrono::seconds(10);
/// Orphans that are listed, as in the CRD.
inline constexpr size_t kOrphansMax = 256;

/// An external thing with our stamp, proved to have no object: looked up live, not in a cache.
struct OrphanSight {
  OrphanKind kind = OrphanKind::Machine;
  std::string external_id;
  bool operator==(const OrphanSight&) const = default;
};

/// The world around one provider, looked at once.
struct Observed {
  Instant now{};
  // Only of a provider in deletion:
  std::vector<std::string> users;  ///< "machine shop/m0"; sorted
  bool is_open = false;            ///< this process holds a connection
  // Only of a provider that stays:
  bool driver_known = true;
  std::optional<Error> refused;  ///< settings that cannot be opened
  std::optional<Error> failed;   ///< could not connect or look
  std::optional<Inventory> inventory;
  std::vector<OrphanSight> orphans;
  bool counts_nothing = false;  ///< it was asked for its counters and has none
};

/// The table above.
Step plan(const Provider& provider, const Observed& have);

/// Total, used and free by dimension: what may be sold is spec.capacity or what the hosts have;
/// what is left is bounded by both.
Provider::CapacityStatus capacity_of(const std::optional<Resources>& stated,
                                     const Inventory& inventory);

/// Ready, Unreachable, Pending, Deleting or Failed.
std::string_view phase_of(const Conditions& conditions);

}  // namespace charter::provider
