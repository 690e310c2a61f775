#include "controller/cli/operator_options.h"

#include "controller/base/random.h"
#include "controller/cli/ledger_address.h"

#include <charconv>
#include <cstdlib>
#include <unistd.h>

namespace charter {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Error invalid(const std::string& flag, const std::string& why) {
  return {Code::Invalid, "--" + flag + ": " + why};
}

// controller-runtime's order: the flag, $KUBECONFIG, the pod's own account, ~/.kube/config.
Result<Kubeconfig> cluster_of(const CommandInput& input) {
  const std::string& flag = input.flag("kubeconfig");
  const std::string variable = environment("KUBECONFIG");
  const std::string host = environment("KUBERNETES_SERVICE_HOST");
  if (flag.empty() && variable.empty() && !host.empty())
    return in_cluster_config(host, environment("KUBERNETES_SERVICE_PORT"), kServiceAccountFolder);
  return read_kubeconfig(kubeconfig_path(flag, variable, environment("HOME")),
                         input.flag("context"));
}

Result<Duration> duration_of(const CommandInput& input, const std::string& name) {
  const auto length = parse_duration(input.flag(name));
  if (!length) return invalid(name, input.flag(name) + ": expected a duration such as 15s");
  return *length;
}

Result<bool> truth_of(const CommandInput& input, const std::string& name) {
  const std::string& text = input.flag(name);
  if (text == "true") return true;
  if (text == "false") return false;
  return invalid(name, text + ": expected true or false");
}

// client-go's: the host's name and something that differs for each process.
std::string own_identity() {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  SystemRandom random;
  return std::string(host) + "_" + uuid4(random);
}

Result<LeaderElectionSettings> election_of(const CommandInput& input, const Kubeconfig& cluster) {
  LeaderElectionSettings out;
  out.name = input.flag("leader-elect-resource-name");
  out.ns = input.flag("leader-elect-resource-namespace");
  if (out.ns.empty()) out.ns = cluster.ns.empty() ? "default" : cluster.ns;
  out.identity = own_identity();
  CHARTER_TRY_ASSIGN(out.lease_duration, duration_of(input, "leader-elect-lease-duration"));
  CHARTER_TRY_ASSIGN(out.renew_deadline, duration_of(input, "leader-elect-renew-deadline"));
  CHARTER_TRY_ASSIGN(out.retry_period, duration_of(input, "leader-elect-retry-period"));
  CHARTER_TRY(check_settings(out));
  return out;
}

Status read_address(const std::string& text, OperatorOptions& out) {
  const size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon > 0) {
    out.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (failed == std::errc() && rest == end) return {};
  }
  return invalid("listen", text + ": expected ADDRESS:PORT, e.g. 0.0.0.0:9443");
}

Status read_webhook(const CommandInput& input, OperatorOptions& out) {
  out.webhook_service = input.flag("webhook-service");
  out.webhook_url = input.flag("webhook-url");
  out.webhook_owner = input.flag("webhook-owner");
  if (!out.webhook_service.empty() && !out.webhook_url.empty())
    return invalid("webhook-url", "give either this or --webhook-service");
  const auto slash = out.webhook_service.find('/');
  const bool named =
      slash != std::string::npos && slash > 0 && slash + 1 < out.webhook_service.size();
  if (!out.webhook_service.empty() && !named)
    return invalid("webhook-service", out.webhook_service + ": expected NAMESPACE/NAME");
  if (!out.webhook_url.empty() && !out.webhook_url.starts_with("https://"))
    return invalid("webhook-url", out.webhook_url + ": expected a URL that begins with https://");
  return {};
}

}  // namespace

std::vector<CommandFlag> operator_flags() {
  std::vector<CommandFlag> flags = {
      {"kubeconfig",
       "The cluster; without it $KUBECONFIG, the pod's own account, then ~/.kube/config", ""},
      {"context", "Context of the kubeconfig; without it the current one", ""},
      {"data-dir", "Directory of the ledger, unless that is elsewhere, and of what drivers keep",
       "", CommandFlag::Kind::Value, true},
      {"listen", "ADDRESS:PORT of /metrics, /healthz, /readyz and the webhooks, over TLS",
       "0.0.0.0:9443"},
      {"leader-elect", "Act only while holding a Lease: true or false", "true"},
      {"leader-elect-lease-duration", "How long others wait for a leader that is silent", "15s"},
      {"leader-elect-renew-deadline", "How long a leader acts without renewing", "10s"},
      {"leader-elect-retry-period", "Time between two attempts", "2s"},
      {"leader-elect-resource-name", "Name of the Lease", "charter-operator"},
      {"leader-elect-resource-namespace", "Its namespace; without it the context's", ""},
      {"install-crds", "Create or update the CustomResourceDefinitions at start", "",
       CommandFlag::Kind::Switch},
      {"webhook-service", "NAMESPACE/NAME of the Service that leads here: register the webhooks",
       ""},
      {"webhook-url", "The same by URL, for a cluster that reaches us otherwise", ""},
      {"webhook-owner",
       "ClusterRole whose removal removes the registration: who uninstalls the operator must not "
       "leave webhooks behind that nobody answers",
       ""},
      {"debug", "Log more", "", CommandFlag::Kind::Switch},
  };
  for (CommandFlag& flag : ledger_flags())
    flags.push_back(std::move(flag));
  return flags;
}

Result<OperatorOptions> operator_options(const CommandInput& input) {
  OperatorOptions out;
  CHARTER_TRY(read_address(input.flag("listen"), out));
  CHARTER_TRY(read_webhook(input, out));
  CHARTER_TRY_ASSIGN(out.cluster, cluster_of(input));
  CHARTER_TRY_ASSIGN(out.leader_elect, truth_of(input, "leader-elect"));
  CHARTER_TRY_ASSIGN(out.election, election_of(input, out.cluster));
  out.data_dir = input.flag("data-dir");
  CHARTER_TRY_ASSIGN(out.ledger, ledger_address(input));
  out.install_definitions = input.flag("install-crds") == "true";
  return out;
}

}  // namespace charter
