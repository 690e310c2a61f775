#pragma once

#include "controller/api/http_server.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/cli/operator_documents.h"
#include "controller/cli/operator_options.h"
#include "controller/cli/operator_webhooks.h"
#include "controller/cli/product.h"
#include "controller/object/kind_registry.h"
#include "controller/runtime/ledger_keeper.h"
#include "controller/runtime/rest_client.h"
#include "controller/store/shared_ledger.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>

// `charter operator`: the product's controllers on somebody else's API server.
//
//   start   connect ─> definitions there? ─> caches warm, workers held ─> /readyz
//   term    lease won ─> caches in sync ─> ledger caught up with what there is ─> workers run
//   end     SIGTERM: passes end ─> lease given back;   term lost: the process ends at once, and
//           every driver call, write and ledger entry was refused from the end of the term on
//           (check())
//
// Thread contract: built, started and stopped by one thread.
namespace charter {

/// See above.
class OperatorProcess {
 public:
  OperatorProcess(const Product& product, OperatorOptions options);
  ~OperatorProcess();

  /// Errors: as HttpServer, RestTransport and the ledger; NotFound when the cluster lacks the
  /// definitions. Waits for an API server or a ledger that does not answer, until `is_stopped`.
  Status start(const std::function<bool()>& is_stopped);
  /// Called when the term was lost, from another thread. Before start().
  void on_lost(std::function<void()> lost) { lost_ = std::move(lost); }
  /// Ends in order and gives the lease back. Errors name what did not end in time.
  Status stop();
  uint16_t port() const { return http_->port(); }

 private:
  Status connect();
  Status start_http();
  Status prepare_cluster(const std::function<bool()>& is_stopped);
  Status open_ledger(const std::function<bool()>& is_stopped);
  void start_manager();
  Status make_webhooks();
  void make_documents();
  void answer(HttpRequest request, Respond respond);
  HttpResponse answer_plain(const HttpRequest& request) const;
  Status keep_webhooks(TlsMaterial& shown);
  void webhooks_loop();
  std::shared_ptr<Client> client_for(const std::string& field_manager);
  RestClientParts client_parts(const std::shared_ptr<RestTransport>& transport);
  void count_request(std::string_view method, int status, Duration took);
  Status may_act() const;
  void elect();
  void begin_term();
  Status take_over_ledger();
  MeteringParts metering_parts();

  const Product& product_;
  const OperatorOptions options_;
  SystemClock clock_;
  SystemRandom random_;
  mutable Metrics metrics_;
  KindRegistry kinds_;
  ControllerHold hold_;  // outlives the manager
  const std::shared_ptr<Signal> stopped_ = std::make_shared<Signal>();
  std::shared_ptr<RestTransport> transport_;
  std::shared_ptr<RestTransport> lease_transport_;  // with a shorter patience
  std::unique_ptr<RestClient> lease_client_;
  std::unique_ptr<LeaderElector> elector_;
  std::unique_ptr<SharedLedger> ledger_;
  std::unique_ptr<Manager> manager_;
  std::unique_ptr<LedgerKeeper> keeper_;
  std::unique_ptr<OperatorWebhooks> webhooks_;  // null when none are asked for
  std::unique_ptr<OperatorDocuments> documents_;
  std::unique_ptr<HttpServer> http_;  // gone before what it asks
  std::function<void()> lost_;
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  bool has_ledger_ = false;  // of the thread of begin_term()
  const std::shared_ptr<Signal> elector_signal_ = std::make_shared<Signal>();
  const std::shared_ptr<Signal> webhooks_signal_ = std::make_shared<Signal>();
  std::thread elector_thread_, term_thread_, webhooks_thread_;
};

/// The command.
Command operator_command(const Product& product);

}  // namespace charter
