#pragma once

#include "controller/object/admit.h"
#include "crds/types/rate_card.h"

#include <vector>

// What may be written to a RateCard. Pure; reads no other object.
//
//   always  the currency is one of ISO 4217; each item's per fits its meter; `unit` with meter
//           units only; tiers rise; minimum ≤ maximum; a discount reduces an Active price for a
//           basis other than Active; validUntil lies after effectiveFrom
//   update  from effectiveFrom on: nothing but validUntil, and that not into the past
//
// An object in deletion takes every change, because finalizers have to go.
namespace charter::rate_card {

/// Rules on the object.
Status admit(const AdmitRequest& request, const View& view);

/// Appends what is wrong with rates in themselves, with paths below "spec"; also used by the plan.
void check_rates(const Rates& rates, std::vector<Cause>& causes);

}  // namespace charter::rate_card
