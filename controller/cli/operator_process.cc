#include "controller/cli/operator_process.h"

#include "controller/api/certificates.h"
#include "controller/api/definitions.h"
#include "controller/api/status_body.h"
#include "controller/base/log.h"
#include "controller/cli/cluster_definitions.h"
#include "controller/postgres/postgres_ledger.h"
#include "controller/runtime/limits.h"
#include "controller/store/ledger_file.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <utility>

namespace charter {
namespace {

constexpr Duration kConnectRetry = std::chrono::seconds(2);
constexpr Duration kWebhooksCheck = std::chrono::minutes(1);
constexpr Duration kTermRetry = std::chrono::milliseconds(200);
constexpr Duration kOwnCertificateLife = std::chrono::hours(24 * 365);

std::vector<Gvr> metered_kinds(const KindRegistry& kinds, const HookTable& hooks) {
  std::vector<Gvr> metered;
  for (const auto& type : kinds.table()->all()) {
    const auto found = hooks.find(type->bucket());
    if (type->storage && found != hooks.end() && found->second.meter) metered.push_back(type->gvr);
  }
  return metered;
}

}  // namespace

OperatorProcess::OperatorProcess(const Product& product, OperatorOptions options)
    : product_(product), options_(std::move(options)) {
  define_embedded(kinds_, embedded::builtin_kinds(), KindRegistry::Origin::Builtin);
  define_embedded(kinds_, product_.definitions, KindRegistry::Origin::Definition);
}

OperatorProcess::~OperatorProcess() {
  (void)stop();
}

void OperatorProcess::count_request(std::string_view method, int status, Duration took) {
  const std::string host = options_.cluster.server.substr(std::string_view("https://").size());
  const std::string code = status == 0 ? "<error>" : std::to_string(status);
  metrics_
      .counter("rest_client_requests_total", "Requests to the API server",
               {{"code", code}, {"method", std::string(method)}, {"host", host}})
      .increment();
  metrics_
      .histogram("rest_client_request_duration_seconds", "Until the end of the answer",
                 {0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60},
                 {{"verb", std::string(method)}, {"host", host}})
      .observe(std::chrono::duration<double>(took).count());
}

Status OperatorProcess::connect() {
  RestOptions rest;
  rest.timeout = limits::kRestTimeout;
  rest.user_agent = "charter-operator/" + product_.version;
  rest.seen = [this](std::string_view method, int status, Duration took) {
    count_request(method, status, took);
  };
  CHARTER_TRY_ASSIGN(transport_, RestTransport::open(options_.cluster, rest));
  // As controller-runtime: a renewal that hangs leaves time for another before the deadline.
  rest.timeout = std::max<Duration>(options_.election.renew_deadline / 2, std::chrono::seconds(1));
  CHARTER_TRY_ASSIGN(lease_transport_, RestTransport::open(options_.cluster, rest));
  return {};
}

RestClientParts OperatorProcess::client_parts(const std::shared_ptr<RestTransport>& transport) {
  RestClientParts parts{transport, clock_, random_,
                        [this](std::string_view bucket, const Json& object) {
                          return index_of(kinds_, product_.hooks, bucket, object);
                        }};
  parts.stopped = stopped_;
  return parts;
}

Status OperatorProcess::may_act() const {
  return elector_ ? elector_->check() : Status();
}

MeteringParts OperatorProcess::metering_parts() {
  return {product_.hooks, *ledger_, clock_, metrics_,
          [this](std::string_view bucket, const ObjectName& name) {
            return manager_->caches().get(bucket, name);
          }};
}

std::shared_ptr<Client> OperatorProcess::client_for(const std::string& field_manager) {
  RestClientParts parts = client_parts(transport_);
  parts.selectors = product_.cache_selectors;
  parts.may_write = [this] { return may_act(); };
  auto plain = std::make_shared<RestClient>(std::move(parts), field_manager);
  return std::make_shared<MeteringClient>(std::move(plain), metering_parts());
}

void OperatorProcess::answer(HttpRequest request, Respond respond) {
  const bool is_filled = ready_ && manager_->caches().synced();
  const View* cached = is_filled ? &manager_->caches() : nullptr;
  if (webhooks_ && request.path == OperatorWebhooks::kPath)
    return webhooks_->answer(std::move(request), std::move(respond), cached);
  if (OperatorDocuments::is_path(request.path)) {
    return documents_->answer(std::move(request), std::move(respond), cached,
                              is_filled ? ledger_.get() : nullptr);
  }
  respond(answer_plain(request));
}

HttpResponse OperatorProcess::answer_plain(const HttpRequest& request) const {
  if (request.path == "/metrics")
    return HttpResponse::text(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.expose());
  if (request.path == "/healthz" || request.path == "/livez")
    return HttpResponse::text(200, "text/plain; charset=utf-8", "ok");
  if (request.path == "/readyz") {
    const bool is_ready = ready_ && manager_->caches().synced();
    return HttpResponse::text(is_ready ? 200 : 503, "text/plain; charset=utf-8",
                              is_ready ? "ok" : "the caches are not filled yet");
  }
  return no_such_page();
}

Status OperatorProcess::start_http() {
  HttpServerOptions http;
  http.address = options_.host;
  http.port = options_.port;
  const Instant now = clock_.now();
  CHARTER_TRY_ASSIGN(const auto ca, make_ca("charter-operator", now, kOwnCertificateLife));
  CHARTER_TRY_ASSIGN(const auto own, issue_certificate(ca,
                                                       {.common_name = "charter-operator",
                                                        .dns_names = {"localhost"},
                                                        .ip_addresses = {"127.0.0.1"}},
                                                       now, kOwnCertificateLife));
  http.tls = {own.certificate_pem, own.key_pem, ""};
  CHARTER_TRY_ASSIGN(http_, HttpServer::start(
                                std::move(http),
                                [this](HttpRequest request, Respond respond) {
                                  answer(std::move(request), std::move(respond));
                                },
                                status_response, metrics_));
  return {};
}

void OperatorProcess::make_documents() {
  auto client = std::make_shared<RestClient>(client_parts(transport_), "charter-documents");
  documents_ = std::make_unique<OperatorDocuments>(OperatorDocumentParts{
      kinds_, product_.hooks, clock_, metrics_, std::move(client), transport_});
}

Status OperatorProcess::make_webhooks() {
  if (options_.webhook_url.empty() && options_.webhook_service.empty()) {
    log_warn("operator",
             "no webhooks: name --webhook-service, or rules beyond the schemas are not checked");
    return {};
  }
  auto client = std::make_shared<RestClient>(client_parts(transport_), "charter-webhooks");
  CHARTER_TRY_ASSIGN(webhooks_, OperatorWebhooks::make({kinds_,
                                                        product_.hooks,
                                                        clock_,
                                                        metrics_,
                                                        std::move(client),
                                                        transport_,
                                                        {options_.election.ns, "charter-webhooks"},
                                                        options_.webhook_owner},
                                                       options_));
  return {};
}

Status OperatorProcess::keep_webhooks(TlsMaterial& shown) {
  CHARTER_TRY_ASSIGN(const TlsMaterial material, webhooks_->look());
  if (!(material == shown)) {
    CHARTER_TRY(http_->reload(material));
    shown = material;
  }
  // Registered once the caches can answer: until then every write would be refused.
  if (!may_act() || !ready_ || !manager_->caches().synced()) return {};
  return webhooks_->publish();
}

void OperatorProcess::webhooks_loop() {
  TlsMaterial shown;
  std::optional<Duration> pause = Duration::zero();
  while (webhooks_signal_->wait(pause)) {
    const Status kept = keep_webhooks(shown);
    if (!kept) log_warn("operator", "webhooks", {{"error", kept.error().message}});
    pause = kept ? kWebhooksCheck : kConnectRetry;
  }
}

Status OperatorProcess::prepare_cluster(const std::function<bool()>& is_stopped) {
  RestClient client(client_parts(transport_), "charter-operator");
  for (;;) {
    Status done;
    if (options_.install_definitions)
      done = install_definitions(client, product_.definitions, product_.roles);
    if (done) done = check_definitions(client, product_.definitions);
    if (done || !is_retryable(done.error().code)) return done;
    log_warn("operator", "waiting for the API server", {{"error", done.error().message}});
    if (is_stopped()) return done;
    stopped_->wait_finished(kConnectRetry);
  }
}

Status OperatorProcess::open_ledger(const std::function<bool()>& is_stopped) {
  const auto may_write = [this] { return may_act(); };
  if (!options_.ledger) {
    CHARTER_TRY_ASSIGN(ledger_, LedgerFile::open(options_.data_dir + "/ledger.db", may_write));
    return {};
  }
  for (;;) {
    auto opened = PostgresLedger::open(*options_.ledger, clock_, random_, may_write);
    if (opened) {
      ledger_ = std::move(*opened);
      return {};
    }
    if (!is_retryable(opened.error().code) || is_stopped()) return opened.error();
    log_warn("operator", "waiting for the ledger", {{"error", opened.error().message}});
    stopped_->wait_finished(kConnectRetry);
  }
}

void OperatorProcess::start_manager() {
  manager_ = std::make_unique<Manager>(
      ManagerParts{[this](const std::string& field_manager) { return client_for(field_manager); },
                   clock_, random_, metrics_, ledger_.get()});
  hold_ = product_.add_controllers(*manager_, clock_, options_.data_dir,
                                   [this] { return may_act(); }, {});
  keeper_ = std::make_unique<LedgerKeeper>(*manager_, metering_parts(),
                                           metered_kinds(kinds_, product_.hooks));
  manager_->hold_work();
  manager_->start();
  ready_ = true;
}

Status OperatorProcess::start(const std::function<bool()>& is_stopped) {
  CHARTER_TRY(connect());
  CHARTER_TRY(make_webhooks());
  make_documents();
  CHARTER_TRY(start_http());
  if (options_.leader_elect) {
    lease_client_ =
        std::make_unique<RestClient>(client_parts(lease_transport_), "charter-leader-election");
    elector_ = std::make_unique<LeaderElector>(*lease_client_, options_.election, clock_, random_,
                                               metrics_);
  }
  CHARTER_TRY(open_ledger(is_stopped));
  CHARTER_TRY(prepare_cluster(is_stopped));
  start_manager();
  if (webhooks_) webhooks_thread_ = std::thread([this] { webhooks_loop(); });
  if (elector_) {
    elector_thread_ = std::thread([this] { elect(); });
  } else {
    term_thread_ = std::thread([this] { begin_term(); });
  }
  return {};
}

void OperatorProcess::elect() {
  bool begun = false;
  while (!elector_signal_->ended()) {
    // Another process has begun a term, whatever the Lease says.
    const bool leads = !ledger_->is_fenced() && elector_->attempt();
    if (leads && !begun) {
      begun = true;
      log_info("operator", "leads", {{"identity", options_.election.identity}});
      term_thread_ = std::thread([this] { begin_term(); });
    }
    if (begun && !leads) {
      log_error("operator", "leadership lost", {{"holder", elector_->holder()}});
      if (lost_) lost_();
      return;
    }
    elector_signal_->wait(elector_->pause());
  }
}

Status OperatorProcess::take_over_ledger() {
  if (!has_ledger_) CHARTER_TRY(ledger_->begin_term());
  has_ledger_ = true;
  return keeper_->catch_up();
}

// No worker runs before the ledger knows every state that could be replaced.
void OperatorProcess::begin_term() {
  while (!stopping_) {
    const Status caught =
        manager_->caches().synced() ? take_over_ledger() : Error{Code::ServiceUnavailable, ""};
    if (caught) break;
    if (!caught.error().message.empty())
      log_warn("operator", "the ledger is not caught up", {{"error", caught.error().message}});
    stopped_->wait_finished(kTermRetry);
  }
  if (stopping_) return;
  keeper_->start();
  manager_->allow_work();
  webhooks_signal_->wake();
  log_info("operator", "works");
}

Status OperatorProcess::stop() {
  if (stopping_.exchange(true)) return {};
  ready_ = false;
  // Passes end while the lease is still renewed: nobody else begins before they have.
  Status ended = manager_ ? manager_->stop() : Status();
  if (keeper_) keeper_->stop();
  elector_signal_->end();
  webhooks_signal_->end();
  stopped_->end();
  stopped_->finish();
  if (elector_thread_.joinable()) elector_thread_.join();
  if (term_thread_.joinable()) term_thread_.join();
  if (webhooks_thread_.joinable()) webhooks_thread_.join();
  if (elector_ && ended) elector_->release();
  if (http_) http_->stop(limits::kStopDeadline);
  if (webhooks_) webhooks_->stop();
  if (documents_) documents_->stop();
  if (transport_) transport_->cancel();
  if (lease_transport_) lease_transport_->cancel();
  return ended;
}

}  // namespace charter
