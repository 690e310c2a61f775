#pragma once

#include "controller/object/ledger.h"
#include "reconcilers/contract/plan.h"

#include <optional>
#include <vector>

// The order of a contract as it is charged for. Pure.
//
//   Active stated          -> next
//   True, first time       -> begins when the contract became active
//   True, other terms      -> begins anew when they were accepted
//   False, not Scheduled   -> ends with the contract, at the latest now
//
// What the terms are goes into the ledger with it: revision and agreed prices, so that a period can
// be rated again when the contract is long gone.
namespace charter::contract {

/// status.metering after a pass that decided `step`.
std::optional<Contract::Ordering> ordered(const Contract& contract, const Step& step, Instant now);
/// KindHooks::meter: "order", Ordered, in sold units; detail {revision, agreed}.
std::vector<MeterSpan> meter(const Json& contract);

}  // namespace charter::contract
