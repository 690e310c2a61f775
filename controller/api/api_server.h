#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include "controller/api/authenticator.h"
#include "controller/api/authorizer.h"
#include "controller/api/http_types.h"
#include "controller/api/openapi.h"
#include "controller/api/resource_verbs.h"
#include "controller/api/router.h"
#include "controller/api/service_account_tokens.h"
#include "controller/api/watch_stream.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"

// The Kubernetes API over HTTP: authenticates, authorises, routes, and answers from the store and the table of kinds. Knows no sockets
// and no kinds.
namespace charter {

class Audit;
class ObjectGauges;
class Receivers;

/// The series of requests by verb and code. Found once each: a look-up takes the registry's lock, far too dear per request.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : metrics_(metrics) {}
  void answered(Route::Verb verb, int code, Duration took);

 private:
  static constexpr size_t kVerbs = 8;
  static constexpr size_t kCodes = 600;
  Metrics& metrics_;
  std::array<std::atomic<Histogram*>, kVerbs> durations_{};
  std::array<std::array<std::atomic<Counter*>, kCodes>, kVerbs> counts_{};
};

/// One API server. Thread-safe; outlives every response stream it handed out.
class ApiServer {
 public:
  ApiServer(ApiParts parts, Metrics& metrics);
  /// Answers one request; see http_types.h.
  void handle(HttpRequest request, Respond respond);
  /// False makes /readyz answer 503 (starting, stopping).
  void set_ready(bool ready) { ready_ = ready; }
  /// Accepts bearer tokens that `verifier` knows, and issues those of ServiceAccounts with `accounts`. Before the first request; both
  /// outlive the server. Without, no token is valid and none is issued.
  void use_tokens(const TokenVerifier& verifier, const ServiceAccountTokens& accounts);
  /// Records requests in `audit`. Before the first request; it outlives every answer and stream. Without, nothing is recorded.
  void use_audit(Audit& audit) { audit_ = &audit; }
  /// Hands calls under /receivers to those of `receivers`, and shows `gauges` with the metrics. Before the first request; both outlive
  /// the server. Without, there is no such path.
  void use_extensions(const Receivers& receivers, const ObjectGauges& gauges) {
    receivers_ = &receivers;
    gauges_ = &gauges;
  }
  /// Whom a request is counted to, from its head; empty when it does not prove who asks. Any thread.
  std::string flow_of(const HttpRequest& head) const;
  ResourceVerbs& verbs() { return verbs_; }
  const Authorizer& authorizer() const { return authorizer_; }

 private:
  struct Call;
  using CallPtr = std::shared_ptr<Call>;
  void dispatch(const CallPtr& call);
  void run(const CallPtr& call);
  HttpResponse answer_plain(const Call& call);
  void resource(const CallPtr& call);
  const DocumentRead* document_of(const Call& call) const;
  void document(const CallPtr& call);
  void run_document(const CallPtr& call);
  void receive(const CallPtr& call);
  std::string metrics_text();
  void run_verb(const CallPtr& call);
  Result<HttpResponse> get(const Call& call);
  Result<HttpResponse> list(const Call& call);
  Result<HttpResponse> watch(const Call& call);
  Status write(const CallPtr& call);
  Status create(const CallPtr& call);
  Status update(const CallPtr& call);
  Status patch(const CallPtr& call);
  Status scale(const CallPtr& call);
  Status remove(const CallPtr& call);
  Status remove_collection(const CallPtr& call);
  WriteDone write_done(const CallPtr& call);

  Status identify(Call& call, const Result<Caller>& authenticated) const;
  Status authorize(Call& call, const AccessRequest& access) const;
  std::string audit_id_for(const HttpRequest& request);
  using Step = void (ApiServer::*)(const CallPtr&);
  void run_by_cost(const CallPtr& call, Step step);
  void review(const CallPtr& call);
  void run_review(const CallPtr& call);
  Result<Json> answer_of(const Call& call, std::vector<std::string>& warnings) const;

  Authorizer authorizer_;
  Authenticator authenticator_;
  const TokenVerifier* token_verifier_ = nullptr;
  const ServiceAccountTokens* account_tokens_ = nullptr;
  Audit* audit_ = nullptr;
  const Receivers* receivers_ = nullptr;
  const ObjectGauges* gauges_ = nullptr;
  ApiParts parts_;
  Metrics& metrics_;
  RequestMetrics request_metrics_;
  SeededRandom audit_ids_;  ///< they must differ, not be hard to guess: no system call for each
  ResourceVerbs verbs_;
  WatchHub hub_;
  OpenApi openapi_;
  std::atomic<bool> ready_{false};
  std::string flow_schema_uid_;
  std::string priority_level_uid_;
};

}  // namespace charter
