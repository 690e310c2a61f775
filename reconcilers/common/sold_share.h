#pragma once

#include "crds/types/rate_card.h"
#include "crds/types/service_offering.h"

#include <string>

namespace charter {

/// What one sold unit adds to the meter of an item: virtual processors, bytes, machines or units.
/// An item that names no unit counts them all. The estimate of an offer and the bill must count alike. Pure.
int64_t share_of(const RateItem& item, const std::string& name, const SoldUnit& unit);

}  // namespace charter
