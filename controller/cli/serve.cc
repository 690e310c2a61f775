#include "controller/cli/serve.h"

#include "controller/api/body_worker.h"
#include "controller/api/http_server.h"
#include "controller/api/status_body.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/cli/audit_setup.h"
#include "controller/cli/control_plane.h"
#include "controller/cli/credentials.h"
#include "controller/cli/identities.h"
#include "controller/runtime/namespace_defaults.h"

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
  return Error{Code::Invalid, "--listen " + text + ": expected ADDRESS:PORT, e.g. 127.0.0.1:7443 (port 0 picks a free one)"};
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
  Server(const Product& product, std::string data_dir, AuditSettings audit)
      : product_(product), data_dir_(std::move(data_dir)), audit_settings_(std::move(audit)) {}

  Status start(const Address& address) {
    StoreOptions options;
    options.data_dir = data_dir_;
    CHARTER_TRY_ASSIGN(plane_, ControlPlane::open({product_, clock_, random_, metrics_, &bodies_}, std::move(options)));
    CHARTER_TRY_ASSIGN(audit_, start_audit(std::move(audit_settings_), clock_, random_, metrics_));
    if (audit_.audit) plane_->api().use_audit(*audit_.audit);
    CHARTER_TRY_ASSIGN(identities_, Identities::load(data_dir_, plane_->store(), clock_));
    plane_->api().use_tokens(identities_->verifier(), identities_->accounts());
    CHARTER_TRY(start_http(address));
    CHARTER_TRY(plane_->install([this](Manager& manager) {
      add_namespace_defaults(manager, ca_pem_);
      return product_.add_controllers(manager, clock_, data_dir_);
    }));
    plane_->api().set_ready(true);
    plane_->start();
    return {};
  }

  /// Errors name what did not end within its deadline; everything acknowledged is on disk even so.
  Status stop() {
    if (!plane_) return {};
    plane_->api().set_ready(false);
    if (http_) http_->stop(limits::kStopDeadline);
    bodies_.stop();
    Status stopped = plane_->stop();
    if (audit_.log) audit_.log->stop();  // after the last answer
    return stopped;
  }

  const std::string& url() const { return url_; }

 private:
  Status start_http(const Address& address) {
    CHARTER_TRY_ASSIGN(const Credentials credentials, load_credentials(data_dir_, address.host, clock_.now()));
    HttpServerOptions options;
    options.address = address.host;
    options.port = address.port;
    options.certificate_pem = credentials.server.certificate_pem;
    options.key_pem = credentials.server.key_pem;
    options.client_ca_pem = credentials.ca_pem;
    ca_pem_ = credentials.ca_pem;
    CHARTER_TRY_ASSIGN(http_, HttpServer::start(std::move(options),
                                                [this](HttpRequest request, Respond respond) {
                                                  plane_->api().handle(std::move(request), std::move(respond));
                                                },
                                                status_response, metrics_));
    const std::string host = address.host == "0.0.0.0" ? "127.0.0.1" : address.host;
    url_ = "https://" + host + ":" + std::to_string(http_->port());
    return write_kubeconfig(data_dir_, url_, credentials);
  }

  const Product& product_;
  const std::string data_dir_;
  SystemClock clock_;
  SystemRandom random_;
  Metrics metrics_;
  AuditSettings audit_settings_;
  AuditSetup audit_;  // outlives every request
  BodyWorker bodies_;
  std::unique_ptr<ControlPlane> plane_;
  std::unique_ptr<Identities> identities_;
  std::unique_ptr<HttpServer> http_;  // gone before the API that it asks
  std::string url_;
  std::string ca_pem_;
};

int fail(const Error& error) {
  std::fprintf(stderr, "charter serve: %s\n", error.message.c_str());
  return error.code == Code::Invalid ? 2 : 1;
}

int serve(const Product& product, const CommandInput& input) {
  const auto address = parse_address(input.flag("listen"));
  if (!address) return fail(address.error());
  const std::string& data_dir = input.flag("data-dir");
  auto audit = read_audit_settings(input);
  if (!audit) return fail(audit.error());
  std::error_code failed;
  std::filesystem::create_directories(data_dir, failed);
  if (failed) return fail({Code::InternalError, data_dir + ": cannot create: " + failed.message()});
  std::filesystem::permissions(data_dir, std::filesystem::perms::owner_all, failed);
  if (input.flag("debug") == "true") set_log_level(LogLevel::Debug);
  raise_file_limit();
  // Blocked before any thread exists, so that only sigwait below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk, not an end
  Server server(product, data_dir, std::move(*audit));
  if (auto started = server.start(*address); !started) {
    (void)server.stop();
    return fail(started.error());
  }
  const std::string pid_file = data_dir + "/charter.pid";
  if (auto written = write_file(pid_file, std::to_string(getpid()) + "\n", 0644); !written) log_warn("serve", written.error().message);
  log_info("serve", "ready", {{"url", server.url()}, {"kubeconfig", data_dir + "/kubeconfig"}, {"pid", std::to_string(getpid())}});
  int received = 0;
  sigwait(&signals, &received);
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
  command.summary = "Run the standalone server: the Kubernetes API over an embedded store, and all reconcilers";
  command.example = "charter serve --data-dir ./data --listen 127.0.0.1:7443";
  command.flags = {{"data-dir", "Directory of the store, certificates and kubeconfig", "", CommandFlag::Kind::Value, true},
                   {"listen", "ADDRESS:PORT; port 0 picks a free one", "127.0.0.1:7443"},
                   {"debug", "Log more", "", CommandFlag::Kind::Switch}};
  for (CommandFlag& flag : audit_flags()) command.flags.push_back(std::move(flag));
  command.run = [&product](const CommandInput& input) { return serve(product, input); };
  return command;
}

}  // namespace charter
