#pragma once

#include "controller/object/object.h"
#include "crds/types/service_offering.h"

#include <map>
#include <string>
#include <vector>

// Counting in sold units: what a contract holds of its account's limits, and what machines and
// volumes use of a contract. Pure.
//
// What a contract holds is kept in its header (KindHooks::index), because the guard reads it for
// every contract of an account inside the writer's turn, where nothing may be parsed:
//
//   usage.<unit>   the larger of accepted and requested quantity; absent once the contract has
//   ended ended          "true" once status.terminatedAt is set
namespace charter::contract {

/// Header fields of a Contract.
Pairs contract_fields(const Json& contract);
/// Units that a contract holds of its account's limits; none once it has ended.
UnitCounts held_units(const Header& header);
/// The same from a tree, for a state that is not stored yet.
UnitCounts held_units(const Json& contract);
/// True once everything of the contract is gone and it takes no part in anything any more.
bool has_ended(const Header& header);

/// Adds `more` to `sum`, unit by unit.
void add_units(UnitCounts& sum, const UnitCounts& more);

/// What one machine takes.
struct MachineSize {
  int64_t vcpus = 0;
  int64_t memory_bytes = 0;
};

/// The machine unit that a machine is counted in: the smallest that covers it, or, when none does,
/// the largest. Empty when the offering sells no machines.
std::string unit_of_machine(const SoldUnits& sold, const MachineSize& machine);

/// Bytes of data volumes by their class; "" is a class too.
using VolumeBytes = std::map<std::string, int64_t>;

/// The unit that volumes of a class are counted in: the one that names it, else the one that names
/// none. Empty when there is neither.
std::string unit_of_volumes(const SoldUnits& sold, const std::string& volume_class);

/// Units that machines and volumes use. A machine beyond its unit's size counts as many units as
/// cover it; volumes of one unit are summed before they are rounded up, so three of 50 GB use two
/// of 100 GB.
UnitCounts count_units(const SoldUnits& sold, const std::vector<MachineSize>& machines,
                       const VolumeBytes& volumes);

}  // namespace charter::contract
