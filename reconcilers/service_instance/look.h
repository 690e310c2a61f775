#pragma once

#include "controller/runtime/caches.h"
#include "controller/runtime/controller.h"
#include "reconcilers/service_instance/holdings.h"
#include "reconcilers/service_instance/plan.h"

#include <string>

// One look at the world around an instance, through the caches, and who is told of which change. A
// pass costs index lookups by the instance's uid; providers are read only while it has no place.
namespace charter::service_instance {

// Indexes of ServiceInstances.
inline constexpr const char* kByWait = "instance waits";         ///< see wait_index
inline constexpr const char* kByRevision = "instance revision";  ///< status.revision
inline constexpr const char* kByProvider = "instance provider";  ///< status.placement.provider

/// Values of kByWait: "contract ns/name" or "provider", see holdings.h.
std::vector<std::string> wait_index(const Header& header);

// Mappers: a change that concerns nobody who waits costs an index lookup.
std::vector<ObjectName> instances_of_contract(const Encoded& contract, const Caches& caches);
std::vector<ObjectName> instances_of_provider(const Encoded& provider, const Caches& caches);
std::vector<ObjectName> instances_of_revision(const Encoded& revision, const Caches& caches);
std::vector<ObjectName> instances_of_account(const Encoded& account, const Caches& caches);

/// What the looks of all instances share.
struct Shelves {
  Catalogs catalogs;
  Shelf<Provider> providers;
};

/// Looks once. Errors: Invalid when an object in a cache can't be read.
Result<Observed> look(const ServiceInstance& instance, const Caches& caches, Instant now,
                      Shelves& shelves);

/// A text of a Secret's data, decoded; empty when it is absent.
std::string secret_text(const Json& secret, std::string_view key);

}  // namespace charter::service_instance
