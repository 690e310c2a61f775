#pragma once

#include "controller/object/admit.h"
#include "controller/object/kind_registry.h"
#include "controller/webhooks/webhook.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The question that a webhook is asked and its answer: admission.k8s.io/v1 AdmissionReview, with
// kube-apiserver's rules of what counts as an answer. Pure.
namespace charter {

/// A write that webhooks are asked about. Refers to the caller's; nothing of it is kept.
struct AdmissionAttempt {
  ResourceType const& type;  ///< as it was asked for
  std::string_view subresource;
  ObjectName name;  ///< without a name when it is still to be generated
  AdmitRequest::Operation operation = AdmitRequest::Operation::Create;
  const Json* object = nullptr;  ///< null on Delete; of the scale subresource: the Scale
  const Json* before = nullptr;  ///< null on Create
  const Caller& caller;
  const Json& options;  ///< CreateOptions, UpdateOptions, PatchOptions or DeleteOptions
  bool dry_run = false;
  const cel::AccessJudge* access = nullptr;  ///< for conditions that ask what the caller may do
};

/// What one webhook said.
struct WebhookVerdict {
  std::optional<Error> denial;
  std::shared_ptr<const Json> patch;  ///< an RFC 6902 document, or null
  std::vector<std::string> warnings;
};

/// The AdmissionRequest for one webhook but for its uid and objects. `shown` is the version of the
/// resource that it named.
Json admission_request(const AdmissionAttempt& attempt, const ResourceType& shown);

/// The AdmissionReview that completes `request` with the objects of `attempt`, which are in the
/// version that is shown.
Json admission_review(Json request, const AdmissionAttempt& attempt, const std::string& uid);

/// Reads the answer to the review `uid`. Errors: InternalError, when it is no answer that counts.
Result<WebhookVerdict> read_answer(const Webhook& webhook, const Json& answer,
                                   const std::string& uid);

}  // namespace charter
