#pragma once

#include "crds/types/provider.h"
#include "crds/types/service_instance.h"
#include "reconcilers/service_instance/components.h"

#include <optional>
#include <string>
#include <vector>

// Chooses the provider of an instance, once; it stays there. Pure.
//
//   provider                                             -> verdict
//   not in a placement of contract, offering, account    -> never
//   other than spec.providerRef                          -> never
//   lacks a machine class, isolation or encryption       -> never
//   no host is large enough for one of the machines      -> never
//   going away, not ready, or without figures            -> later
//   machines and volumes do not fit into what is free    -> later
//   otherwise                                            -> can; most free processors, memory, name
//
//   none can, one later  -> WaitForCapacity
//   none can, all never  -> ProviderNotAllowed for a spec.providerRef that policy excludes, else
//                           Infeasible
namespace charter::service_instance {

/// What has to find room.
struct Demand {
  std::vector<Placement> within;  ///< contract's, offering's, account's: all must allow
  std::string provider;           ///< spec.providerRef, empty: any
  SecurityPolicy security;
  std::vector<MachineDesign> machines;  ///< one entry for each machine
  int64_t volume_bytes = 0;
};

/// Demand of all machines and volumes of an instance.
Demand demand_of(const ServiceInstance::Spec& spec, const Blueprint& blueprint,
                 const SecurityPolicy& security, std::vector<Placement> within);

/// A decision: a place, or why there is none.
struct Choice {
  std::optional<ServiceInstance::Placed> placed;
  std::string reason;   ///< word of reasons.h
  std::string message;  ///< who can't, and why
};

/// The table above.
Choice choose_provider(const Demand& demand, const std::vector<Provider>& providers);

/// Why policy excludes this provider for good, or empty.
std::string exclusion(const Demand& demand, const Provider& provider);

/// Whether a placement list allows this provider: "jurisdiction US is not one of EU", or empty.
std::string outside(const Placement& placement, const std::string& provider,
                    const std::string& jurisdiction);

}  // namespace charter::service_instance
