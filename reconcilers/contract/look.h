#pragma once

#include "controller/runtime/caches.h"
#include "controller/runtime/controller.h"
#include "reconcilers/contract/plan.h"

// One look at the world around a contract, through the caches.
namespace charter::contract {

/// Index of ServiceInstances, Machines and Volumes by the contract that they name, as "ns/name".
inline constexpr const char* kByContract = "contract ns/name";
/// Index of Contracts by their offering's name.
inline constexpr const char* kByOffering = "contract offering";

/// Value for kByContract: "ns/name" of spec.contractRef, if the object has one.
std::vector<std::string> contract_index(const Header& header);
/// The contract that an instance, machine or volume names.
std::vector<ObjectName> contract_of(const Encoded& object, const Caches& caches);
/// Contracts of an account's namespaces.
std::vector<ObjectName> contracts_of_account(const Encoded& account, const Caches& caches);
/// Contracts under an offering, by the offering itself or by one of its revisions.
std::vector<ObjectName> contracts_of_offering(const Encoded& offering, const Caches& caches);
std::vector<ObjectName> contracts_of_revision(const Encoded& revision, const Caches& caches);

/// Who put spec.acceptance where it is, by managedFields. Empty when they do not tell.
AcceptanceFacts acceptance_of(const Json& contract);

/// Looks once. Errors: InternalError when an object in a cache can't be read.
Result<Observed> look(const Contract& contract, const Caches& caches, Instant now);

}  // namespace charter::contract
