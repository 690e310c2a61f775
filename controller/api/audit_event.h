#pragma once

#include "controller/api/audit_policy.h"
#include "controller/api/http_types.h"
#include "controller/api/router.h"
#include "controller/base/clock.h"

#include <optional>
#include <string>
#include <string_view>

// The bytes of audit.k8s.io/v1 Events. Written directly as text: a tree per record would cost more
// than the request that it is about. Pure.
namespace charter {

/// What all records of one request have in common.
struct AuditedRequest {
  AuditVerdict verdict;
  std::string audit_id;
  Instant received;
  AccessRequest target;
  std::string version;  ///< of the API, for objectRef
  /// requestURI, verb, user, sourceIPs and userAgent as JSON members; built once, used by each
  /// record.
  std::string common;
  std::string impersonated;         ///< UserInfo in JSON, or empty
  std::optional<bool> allowed;      ///< what the authorizer decided, once it did
  std::string reason;               ///< why
  std::string request_object = {};  ///< JSON, or empty
};

/// The object that a request turned out to be about.
struct AuditedObject {
  std::string ns, name, uid;
  int64_t version = 0;  ///< resourceVersion after the request, 0 when none
};

/// How a request ended.
struct AuditedAnswer {
  int code = 200;
  std::string status, reason, message;  ///< of a Status that reports a failure
  std::string object;                   ///< JSON, or empty
};

/// The members that a request brings with it; see AuditedRequest::common. `caller` null: nobody
/// could be authenticated.
std::string audit_common(const HttpRequest& request, const AccessRequest& target,
                         const Caller* caller);

/// authentication.k8s.io/v1 UserInfo.
std::string audit_user(const Caller& caller);

/// The request's URI with the values of all query parameters masked that are not known to be
/// harmless: clients have been seen to send tokens there.
std::string audit_uri(const HttpRequest& request, const AccessRequest& target);

/// Where a request came from: X-Forwarded-For and X-Real-Ip as the client claims, and last the
/// peer, as kube-apiserver has them.
std::vector<std::string> audit_sources(const HttpRequest& request);

/// One Event, open at its end for the chain (audit_chain.h). `answer` is null before there is one.
/// Beyond kAuditEventBytesMax the objects are left out and the Event says so.
std::string audit_event(const AuditedRequest& request, AuditStage stage, Instant at,
                        const AuditedAnswer* answer, const AuditedObject* object);

/// An Event of the log's own: `verb` such as "start", with `note` for people. Open at its end.
std::string audit_own_event(const std::string& audit_id, std::string_view verb,
                            std::string_view note, Instant at);

}  // namespace charter
