#pragma once

#include "controller/runtime/caches.h"

#include <vector>

// Which volumes a change of something else concerns.
namespace charter::volume {

/// Volumes that wait for a provider: this one, or any.
std::vector<ObjectName> volumes_waiting(const Encoded& provider, const Caches& caches);
/// Unplaced volumes of the namespace: what an instance or contract can set free.
std::vector<ObjectName> unplaced_volumes(const Encoded& parent, const Caches& caches);
/// The same, and those that outlive a contract which has ended: nobody pays for them any more.
std::vector<ObjectName> volumes_of_contract(const Encoded& contract, const Caches& caches);

}  // namespace charter::volume
