#pragma once

#include "controller/api/resource_verbs.h"

namespace charter {

/// Puts into a write what of it is metered (KindHooks::meter): nothing for a kind without meters.
/// `after` is null when the object goes. Errors: Invalid, when the states contradict each other.
Status meter_write(const ApiParts& parts, const ResourceType& type, const Json& before,
                   const Json* after, Write& write);

}  // namespace charter
