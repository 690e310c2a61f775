#pragma once

#include "controller/api/heavy_workers.h"
#include "controller/api/http_server.h"
#include "controller/cli/operator_options.h"
#include "controller/cli/webhook_certificates.h"
#include "controller/object/kind_registry.h"
#include "controller/runtime/limit_turns.h"
#include "controller/runtime/rest_transport.h"
#include "controller/webhooks/admission_service.h"

#include <functional>
#include <memory>
#include <string>

namespace charter {

/// What the webhooks stand on; the references outlive them.
struct OperatorWebhookParts {
  const KindRegistry& kinds;
  const HookTable& hooks;
  const Clock& clock;
  Metrics& metrics;
  std::shared_ptr<Client> client;  ///< not fenced: every replica answers
  std::shared_ptr<RestTransport> transport;
  ObjectName secret;
  std::string owner;  ///< a ClusterRole, see OperatorOptions::webhook_owner
};

/// The operator's validating webhooks: their answers, their certificates and their registration.
/// answer() from any thread, the rest from one.
class OperatorWebhooks {
 public:
  /// Errors: Invalid for a URL without a host.
  static Result<std::unique_ptr<OperatorWebhooks>> make(OperatorWebhookParts parts,
                                                        const OperatorOptions& options);
  ~OperatorWebhooks();

  /// What handshakes need now.
  Result<TlsMaterial> look();
  /// Puts our address and CAs into the cluster's configuration, and replaces the CA when it is due.
  /// For the leader.
  Status publish();
  /// Answers POST /admit on a thread of its own. `cached` is nothing before the caches are filled.
  void answer(HttpRequest request, Respond respond, const View* cached);
  void stop() { workers_.stop(); }

  static constexpr const char* kPath = "/admit";

 private:
  OperatorWebhooks(OperatorWebhookParts parts, Json client_config, std::vector<std::string> hosts);
  HttpResponse judge(const HttpRequest& request, const View& cached);
  Status live(const AdmissionService::Judge& judge);
  Result<bool> permits(const AccessQuestion& question);
  Status write_configuration(const std::string& ca_bundle);
  Result<Json> wanted_configuration(const std::string& ca_bundle);

  const OperatorWebhookParts parts_;
  const std::shared_ptr<const Json> client_config_;  // without the CA
  WebhookCertificates certificates_;
  std::string ca_bundle_;
  LimitTurns turns_;
  HeavyWorkers workers_;
};

}  // namespace charter
