#pragma once

#include "controller/api/heavy_workers.h"
#include "controller/api/http_server.h"
#include "controller/api/rbac_rule.h"
#include "controller/object/admit.h"
#include "controller/runtime/rest_transport.h"

#include <functional>
#include <optional>
#include <string_view>

// What the operator's own endpoints have in common: the API server of the cluster knows who calls
// and what he may, and answers come from threads that may wait for it.
namespace charter {

/// Whose token this is (TokenReview); nothing for a token that the API server does not know.
/// Blocks. Errors: the transport's.
Result<std::optional<Caller>> review_token(RestTransport& transport, std::string_view token);
/// Whether the caller may do this in that version (SubjectAccessReview). Blocks. Errors: the
/// transport's.
Result<bool> review_access(RestTransport& transport, const Caller& caller,
                           const AccessRequest& access, const std::string& version);

/// Answers with what `judge` says on one of `workers`; 429 with `crowded` when too many wait.
void answer_elsewhere(HeavyWorkers& workers, std::chrono::microseconds cost, const char* crowded,
                      HttpRequest request, Respond respond,
                      std::function<HttpResponse(const HttpRequest&)> judge);

}  // namespace charter
