#pragma once

#include "controller/api/authorizer.h"
#include "controller/base/clock.h"
#include "controller/object/kind_registry.h"

// Reviews: questions about identity and access that are answered and not stored
// (kubernetes.md 4.12). TokenReview is in token_review.h.
namespace charter {

/// Reads the body of a create-only kind: apiVersion and kind must fit, the schema must hold; fields
/// that it does not know go, and into `unknown`. Errors: BadRequest, Invalid.
Result<Json> check_review(const ResourceType& type, const std::string& ns, Json body,
                          std::vector<std::string>& unknown);

/// Answers a SelfSubjectAccessReview, SubjectAccessReview, LocalSubjectAccessReview,
/// SelfSubjectRulesReview or SelfSubjectReview that passed check_review, at `now`. Errors: Invalid,
/// BadRequest.
Result<Json> answer_review(const Authorizer& authorizer, const ResourceType& type,
                           const std::string& ns, const Caller& caller, Json review, Instant now);

}  // namespace charter
