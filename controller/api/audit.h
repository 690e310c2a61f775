#pragma once

#include "controller/api/audit_event.h"
#include "controller/api/audit_log.h"
#include "controller/api/authorizer.h"
#include "controller/object/kind_registry.h"

#include <array>
#include <functional>
#include <memory>

// What the API server does with a request for the audit's sake:
//
//   begin      authenticated: the policy says how much of it is recorded; null: nothing
//   permit     authorized: a call that may change something goes on when its RequestReceived record
//              is in the kernel, every other call at once
//   complete   answered: ResponseComplete; a watch: ResponseStarted, and ResponseComplete at its
//   end
//
// The order of events per request is that of the stages. A request that is never answered ends in a
// Panic record.
namespace charter {

/// What happens to a call that may change something while the log cannot be written.
enum class AuditMode {
  BlockingStrict,  ///< it is refused: nothing happens that is not on record
  BestEffort,      ///< it goes on; the lost records are counted
};

/// What the audit keeps of one request until its end.
class AuditTrail;
using AuditTrailPtr = std::shared_ptr<AuditTrail>;

/// One request at its begin. All of it is read, nothing kept.
struct AuditSubject {
  const HttpRequest& request;
  const Route& route;
  const AccessRequest& access;
  const Caller* caller;  ///< null: could not be authenticated
  const std::string& audit_id;
  Instant received;
};

/// The audit of one API server. Thread-safe; outlives every request and stream.
class Audit {
 public:
  /// The log outlives it.
  Audit(AuditPolicy policy, AuditMode mode, AuditLog& log, const Clock& clock, Metrics& metrics);

  AuditTrailPtr begin(const AuditSubject& subject);
  /// The same for a request that was refused although `begin` wanted nothing of it; may be null.
  AuditTrailPtr begin_refused(const AuditSubject& subject);
  /// Who is acted for from here on.
  static void impersonate(AuditTrail& trail, const Caller& caller);
  static void decide(AuditTrail& trail, const Decision& decision);
  /// Calls `go` with success, or with why the call must not run: on the caller's thread, or through
  /// `resume` (empty: on the log's thread). Errors: those of AuditLog::append.
  void permit(const AuditTrailPtr& trail, const Resume& resume,
              std::function<void(const Status&)> go);
  /// Keeps the body for the record, if the level wants it. Where the body is read anyway: it costs
  /// as much.
  static void take_body(AuditTrail& trail, const HttpRequest& request, const ResourceType& type);
  /// The object that a write turned out to be about.
  static void name_object(AuditTrail& trail, const Header& header);
  /// `response` is what the client gets, before a failure is turned into his syntax. May put the
  /// record of the end into its stream.
  void complete(const AuditTrailPtr& trail, HttpResponse& response);
  /// Success, or why calls that may change something are refused now.
  Status health() const;

 private:
  friend class AuditTrail;
  AuditTrailPtr make_trail(const AuditSubject& subject, const AuditVerdict& verdict);
  void record(const AuditTrail& trail, AuditStage stage, const AuditedAnswer* answer);

  const AuditPolicy policy_;
  const AuditMode mode_;
  AuditLog& log_;
  const Clock& clock_;
  std::array<Counter*, 4> levels_;  // by level
  Counter& rejected_;
};

}  // namespace charter
