#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/invoice/plan.h"

namespace charter::invoice {

/// Looks at the contract, its other bills and the ledger, and rates the period. An issued bill is
/// not looked at again. Errors: could not look, or what is metered can't be rated.
Result<Observed> look(const Invoice& invoice, const Runtime& rt);

}  // namespace charter::invoice
