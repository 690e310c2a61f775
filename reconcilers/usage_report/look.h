#pragma once

#include "controller/runtime/reconciler.h"
#include "reconcilers/usage_report/plan.h"

namespace charter::usage_report {

/// Looks at the contract and, when the report is due, at the ledger. Errors: could not look, or
/// more lines than a report holds.
Result<Observed> look(const UsageReport& report, const Runtime& rt);

}  // namespace charter::usage_report
