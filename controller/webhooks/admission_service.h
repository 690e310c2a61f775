#pragma once

#include "controller/object/admit.h"
#include "controller/object/kind_registry.h"

#include <functional>
#include <string>
#include <string_view>

// The kinds' own rules as a validating webhook of another API server: the other side of
// admission_review.h. Answers one AdmissionReview (admission.k8s.io/v1) by the same pure functions
// that our own API server asks:
//
//   admit   on the caches; what they refuse is asked again live, because a cache may be behind (an
//           account and its first contract come in one apply)
//   guard   live, always: limits must see what was written a moment ago
//
// What is weaker than inside our own API server: between this answer and the write another write
// may come. See docs/operator.md.
namespace charter {

/// Whether a caller holds a verb on an object.
struct AccessQuestion {
  const Caller& caller;
  std::string verb;
  const Gvr& resource;
  ObjectName name;
};

/// What judging needs; everything outlives it.
struct AdmissionService {
  const KindRegistry& kinds;
  const HookTable& hooks;
  const Clock& clock;
  const View& cached;
  /// Runs `judge` on the API server's present state and returns its verdict. Errors of its own:
  /// ServiceUnavailable, InternalError.
  using Judge = std::function<Status(const View&)>;
  std::function<Status(const Judge& judge)> live;
  std::function<Result<bool>(const AccessQuestion&)> permits;
  /// Runs a guard in the turn of the object whose limit it judges by (KindHooks::limited_by).
  struct Claim {
    ObjectKey object;  ///< that is written
    Pairs fields;      ///< its header fields then
    ObjectKey limited_by;
    bool dry_run = false;
  };
  std::function<Status(const Claim& claim, const Judge& judge)> in_turn;
  /// Header fields of an object of a bucket, as the views have them.
  std::function<Pairs(std::string_view bucket, const Json& object)> index;
};

/// The AdmissionReview to answer with. May block. Errors: BadRequest for what is no review.
Result<Json> answer_admission(const AdmissionService& service, const Json& review);

/// The ValidatingWebhookConfiguration for all kinds with rules, named `name`; `client` is its
/// clientConfig, caBundle included.
Json admission_configuration(const KindRegistry& kinds, const HookTable& hooks,
                             const std::string& name, const Json& client);

}  // namespace charter
