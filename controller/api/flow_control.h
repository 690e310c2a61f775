#pragma once

#include "controller/api/heavy_workers.h"
#include "controller/api/http_types.h"
#include "controller/api/media_type.h"
#include "controller/api/resource_verbs.h"
#include "controller/api/router.h"
#include "controller/base/result.h"
#include "controller/object/admit.h"

#include <functional>
#include <string>

// Who pays for a request, what it will cost, and where it runs: cheap ones on the thread that asks,
// costly ones on the heavy workers. See docs/overload.md.
namespace charter {

/// The flow of an authenticated caller: "user:NAME", or "serviceaccounts:NAMESPACE" for
/// ServiceAccounts, of which a tenant may make any number. Empty for the program itself.
std::string flow_of(const Caller& caller);

/// Estimated CPU of a request up to its answer, from its size and the number of objects it is
/// about. Only the order of magnitude matters: it decides where a request runs and in which order
/// flows are served there.
std::chrono::microseconds estimate(const Store& store, const ResourceType& type, const Route& route,
                                   const HttpRequest& request, const Representation& shape);

/// The same for the body of a write alone, as JSON.
std::chrono::microseconds estimate_body(size_t bytes);

/// True when a request of this cost is run where it is: it is cheap, or nobody else could run it.
bool runs_here(const HeavyWorkers* heavy, std::chrono::microseconds cost);

/// Runs `work` here when it is cheap or nobody else could run it, else on the heavy workers.
/// Errors: TooManyRequests; `work` is then not run. Its
/// `refuse` is called instead when it has waited for too long.
Status run_by_cost(HeavyWorkers* heavy, HeavyWork work);

/// The 429 of a request that has waited for too long or found no place.
Error too_many_requests();

}  // namespace charter
