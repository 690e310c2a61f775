#include "controller/cli/serve.h"

#include "controller/api/heavy_workers.h"
#include "controller/api/http_server.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/base/object_gauges.h"
#include "controller/cli/audit_setup.h"
#include "controller/cli/certificate_keeper.h"
#include "controller/cli/control_plane.h"
#include "controller/cli/credentials.h"
#include "controller/cli/encryption_keys.h"
#include "controller/cli/identities.h"
#include "controller/cli/plane_applier.h"
#include "controller/cli/webhook_client.h"
#include "controller/object/receivers.h"
#include "controller/runtime/namespace_defaults.h"
#include "controller/webhooks/limits.h"

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

namespace charter {
namespace {

/// Where to listen.
struct Address {
  std::string host;
  uint16_t port = 0;
};

Result<Address> parse_address(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address out;
  if (colon != std::string::npos) {
    out.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error == std::errc() && rest == end && !out.host.empty()) return out;
  }
  return Error{Code::Invalid,
               "--listen " + text +
                   ": expected ADDRESS:PORT, e.g. 127.0.0.1:7443 (port 0 picks a free one)"};
}

/// What was typed, judged before anything starts.
struct ServeOptions {
  Address address;
  IdentityOptions identities;
  CertificateFiles certificates;
  AuditSettings audit;
};

Result<ServeOptions> serve_options(const CommandInput& input) {
  ServeOptions out;
  CHARTER_TRY_ASSIGN(out.address, parse_address(input.flag("listen")));
  CHARTER_TRY_ASSIGN(out.identities, identity_options(input));
  CHARTER_TRY_ASSIGN(out.certificates, certificate_files(input));
  CHARTER_TRY_ASSIGN(out.audit, read_audit_settings(input));
  return out;
}

/// A socket per watch: raise the soft limit of open files to the hard one.
void raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// A whole standalone server, built and stopped in order.
class Server {
 public:
  Server(const Product& product, const CommandInput& input)
      : product_(product),
        data_dir_(input.flag("data-dir")),
        key_file_(input.flag("encryption-key-file")) {}

  Status start(ServeOptions chosen) {
    const Address& address = chosen.address;
    StoreOptions options;
    options.data_dir = data_dir_;
    CHARTER_TRY_ASSIGN(options.sealer, load_or_make_sealer(data_dir_, key_file_));
    CHARTER_TRY_ASSIGN(plane_, ControlPlane::open({product_, clock_, random_, metrics_, &heavy_,
                                                   &webhooks_, &waiting_},
                                                  std::move(options)));
    CHARTER_TRY_ASSIGN(audit_, start_audit(std::move(chosen.audit), clock_, random_, metrics_));
    if (audit_.audit) plane_->api().use_audit(*audit_.audit);
    plane_->api().use_extensions(receivers_, gauges_);
    CHARTER_TRY_ASSIGN(identities_, Identities::load(data_dir_, plane_->store(), clock_,
                                                     std::move(chosen.identities)));
    plane_->api().use_tokens(identities_->verifier(), identities_->accounts());
    keeper_ = std::make_unique<CertificateKeeper>(CertificateKeeperParts{
        clock_, metrics_, data_dir_, address.host, std::move(chosen.certificates)});
    CHARTER_TRY(start_http(address));
    applier_ = std::make_unique<PlaneApplier>(product_, clock_, *plane_);
    CHARTER_TRY(plane_->install([this](Manager& manager) {
      add_namespace_defaults(manager, keeper_->trusted_pem());
      return product_.add_controllers(manager, clock_, data_dir_, {},
                                      {applier_.get(), &receivers_, &gauges_, &metrics_});
    }));
    plane_->api().set_ready(true);
    plane_->start();
    keeper_->start();
    return {};
  }

  /// Looks at the certificates' files now instead of at their next turn.
  void look_at_certificates() { keeper_->look(); }

  /// Errors name what did not end within its deadline; everything acknowledged is on disk even so.
  Status stop() {
    if (!plane_) return {};
    plane_->api().set_ready(false);
    if (keeper_) keeper_->stop();
    if (http_) http_->stop(limits::kStopDeadline);
    if (identities_) identities_->stop();
    webhooks_.stop();
    waiting_.stop();
    heavy_.stop();
    Status stopped = plane_->stop();
    if (audit_.log) audit_.log->stop();  // after the last answer
    return stopped;
  }

  const std::string& url() const { return url_; }

 private:
  Status start_http(const Address& address) {
    HttpServerOptions options;
    options.address = address.host;
    options.port = address.port;
    CHARTER_TRY_ASSIGN(options.tls, keeper_->load());
    options.flow_of = [this](const HttpRequest& head) { return plane_->api().flow_of(head); };
    CHARTER_TRY_ASSIGN(http_, HttpServer::start(
                                  std::move(options),
                                  [this](HttpRequest request, Respond respond) {
                                    plane_->api().handle(std::move(request), std::move(respond));
                                  },
                                  status_response, metrics_));
    const std::string host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host;
    url_ = "https://" + host + ":" + std::to_string(http_->port());
    return keeper_->bind([this](const TlsMaterial& material) { return http_->reload(material); },
                         [this](const std::string& trusted_pem, const CertifiedKey& admin) {
                           return write_kubeconfig(data_dir_, url_, trusted_pem, admin);
                         });
  }

  const Product& product_;
  const std::string data_dir_;
  const std::string key_file_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  ObjectGauges gauges_;
  Receivers receivers_;
  AuditSetup audit_;  // outlives every request
  HeavyWorkers heavy_{clock_, metrics_};
  HttpsWebhooks webhooks_;
  HeavyWorkers waiting_{clock_, metrics_, limits::kWebhookThreads, kWebhooksLevel};
  std::unique_ptr<Applier> applier_;  // its user, the plane's manager, ends first
  std::unique_ptr<ControlPlane> plane_;
  std::unique_ptr<Identities> identities_;
  std::unique_ptr<HttpServer> http_;  // gone before the API that it asks
  std::string url_;
  std::unique_ptr<CertificateKeeper> keeper_;  // gone before the listener that it tells
};

int fail(const Error& error) {
  std::fprintf(stderr, "charter serve: %s\n", error.message.c_str());
  return error.code == Code::Invalid ? 2 : 1;
}

int serve(const Product& product, const CommandInput& input) {
  auto options = serve_options(input);
  if (!options) return fail(options.error());
  const std::string& data_dir = input.flag("data-dir");
  std::error_code failed;
  std::filesystem::create_directories(data_dir, failed);
  if (failed) return fail({Code::InternalError, data_dir + ": cannot create: " + failed.message()});
  std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, failed);
  if (input.flag("debug") == "true") set_log_level(LogLevel::Debug);
  raise_file_limit();
  // Blocked before any thread exists, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk, not an end
  Server server(product, input);
  if (auto started = server.start(std::move(*options)); !started) {
    (void)server.stop();
    return fail(started.error());
  }
  const std::string pid_file = data_dir + "/charter.pid";
  if (auto written = write_file(pid_file, std::to_string(getpid()) + "\n", 0644); !written)
    log_warn("serve", written.error().message);
  log_info("serve", "ready",
           {{"url", server.url()},
            {"kubeconfig", data_dir + "/kubeconfig"},
            {"pid", std::to_string(getpid())}});
  int received = 0;
  while (sigwait(&signals, &received) == 0 && received == SIGHUP)
    server.look_at_certificates();
  log_info("serve", "stopping", {{"signal", std::to_string(received)}});
  const Status stopped = server.stop();
  std::filesystem::remove(pid_file, failed);
  if (stopped) return 0;
  // A driver's call that never returns would hold the process for ever: threads cannot be ended.
  log_error("serve", "ended without waiting any longer", {{"error", stopped.error().message}});
  _exit(1);
}

}  // namespace

Command serve_command(const Product& product) {
  Command command;
  command.name = "serve";
  command.summary =
      "Run the standalone server: the Kubernetes API over an embedded store, and all reconcilers";
  command.example = "charter serve --data-dir ./data --listen 127.0.0.1:7443";
  command.flags = {{"data-dir", "Directory of the store, certificates and kubeconfig", "",
                    CommandFlag::Kind::Value, true},
                   {"listen", "ADDRESS:PORT; port 0 picks a free one", "127.0.0.1:7443"},
                   {"no-controllers",
                    "Be a plain Kubernetes API server, for `charter operator`: none of Charter's "
                    "kinds, rules and reconcilers",
                    "", CommandFlag::Kind::Switch},
                   encryption_key_flag(),
                   {"debug", "Log more", "", CommandFlag::Kind::Switch}};
  for (auto flags : {identity_flags(), certificate_flags(), audit_flags()})
    command.flags.insert(command.flags.end(), flags.begin(), flags.end());
  // The API server alone: none of the product's kinds, rules, roles and controllers.
  const auto plain = std::make_shared<Product>();
  plain->version = product.version;
  plain->add_controllers = [](Manager&, const Clock&, const std::string&, const auto&,
                              const OwnServer&) { return ControllerHold(); };
  command.run = [&product, plain](const CommandInput& input) {
    return serve(input.flag("no-controllers") == "true" ? *plain : product, input);
  };
  return command;
}

}  // namespace charter
