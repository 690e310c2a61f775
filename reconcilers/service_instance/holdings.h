#pragma once

#include "controller/object/view.h"
#include "crds/types/contract.h"
#include "crds/types/service_instance.h"
#include "crds/types/service_offering_revision.h"
#include "reconcilers/common/shelf.h"
#include "reconcilers/service_instance/components.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

// What instances hold of their contract, in sold units. Nothing is counted anywhere: the guard sums
// it from headers inside the writer's turn, so that two writes never pass together. An instance
// that is deactivated holds what it has ordered.
//
// Header fields of a ServiceInstance (KindHooks::index), beside the selectable ones:
//
//   holds      contract, and what decides how much is held, in one text: equal instances have equal
//              texts, so a sum over a thousand of them works out one
//   revision   status.revision
//   waits      "contract" or "provider": what its controller waits for
namespace charter::service_instance {

Pairs header_fields(const Json& instance);

inline constexpr const char* kHoldsField = "holds";
inline constexpr const char* kRevisionField = "revision";
inline constexpr const char* kWaitsField = "waits";
inline constexpr const char* kWaitsForContract = "contract";
inline constexpr const char* kWaitsForProvider = "provider";

/// What instances are judged by, each state parsed once.
struct Catalogs {
  Shelf<Contract> contracts;
  Shelf<ServiceOfferingRevision> revisions;
};
/// What a revision says; null: it does not exist.
using CatalogPtr = std::shared_ptr<const ServiceOfferingRevision::Spec>;

/// A contract with the terms that its instances are judged by: accepted ones, else requested ones.
struct Terms {
  UnitCounts ordered;
  std::string revision;  ///< its name; empty: nothing published yet
  CatalogPtr catalog;
};
/// Reads the terms through a View. Nothing when the contract does not exist. Errors: InternalError
/// when an object can't be read.
Result<std::optional<Terms>> terms_of(const View& view, const ObjectName& contract,
                                      Catalogs& catalogs);
/// The revision's spec, or null when it does not exist.
Result<CatalogPtr> revision_spec(const View& view, const std::string& name, Catalogs& catalogs);

/// One unit that is not enough.
struct Shortage {
  std::string unit;
  int64_t ordered = 0;
  int64_t used = 0;   ///< by everything under the contract before the write
  int64_t asked = 0;  ///< by this instance
  bool operator==(const Shortage&) const = default;
};
/// "compute: ordered 3, used 2, asked 2".
std::string to_string(const Shortage& shortage);

/// Units that replacing `before` (null: new) by `now` asks for beyond the order. What does not grow
/// is never short.
std::vector<Shortage> shortages(const View& view, const Terms& terms, const Json& now,
                                const Json* before, Catalogs& catalogs);

/// Field of the spec that a unit is asked for by.
std::string field_of(const SoldUnits& sold, const std::string& unit);

/// Replicas that an order covers by itself: machines that were made beyond are not kept when it
/// shrinks. Units that the order does not name limit nothing.
int64_t replicas_covered(const SoldUnits& sold, const UnitCounts& ordered,
                         const std::vector<MachineDesign>& machines);

}  // namespace charter::service_instance
