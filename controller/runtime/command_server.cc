#include "controller/runtime/command_server.h"

#include "controller/base/limits.h"
#include "controller/runtime/kubeconfig.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace charter {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string flag_or_nothing(const CommandInput& input, const std::string& name) {
  const auto found = input.flags.find(name);
  return found == input.flags.end() ? std::string() : found->second;
}

/// Turns to the operator. Of what the kubeconfig says of its own server nothing goes along but the
/// token: the operator has it reviewed, and a certificate would prove nothing to it.
Status turn_to_operator(const CommandInput& input, Kubeconfig& config) {
  const std::string url = flag_or_nothing(input, "operator");
  const std::string ca = flag_or_nothing(input, "operator-ca");
  if (url.empty() && ca.empty()) return {};
  if (!url.starts_with("https://"))
    return Error{Code::Invalid, "--operator: expected a URL that begins with https://"};
  if (config.token.empty() && config.token_file.empty() && config.exec.command.empty())
    return Error{Code::Invalid,
                 "--operator: only bearer tokens are taken there, and the user of this kubeconfig "
                 "has none"};
  if (config.exec.provide_cluster_info)
    return Error{Code::Invalid,
                 "--operator: a credential plugin that is told of its cluster (provideClusterInfo) "
                 "is not supported here"};
  config.server = url;
  while (config.server.ends_with('/'))
    config.server.pop_back();
  config.ca_pem.clear();
  config.certificate_pem.clear();
  config.key_pem.clear();
  config.proxy_url.clear();
  config.skip_verify = false;
  if (ca.empty()) return {};
  std::ifstream in(ca, std::ios::binary);
  config.ca_pem.assign(std::istreambuf_iterator<char>(in), {});
  if (config.ca_pem.empty()) return Error{Code::Invalid, "--operator-ca: cannot read " + ca};
  return {};
}

}  // namespace

std::vector<CommandFlag> operator_server_flags() {
  return {{.name = "operator",
           .help = "https://HOST:PORT of `charter operator`, where another API server runs: it "
                   "serves what that one does not"},
          {.name = "operator-ca",
           .help = "File with the authority of its certificate; default: the system's"}};
}

std::vector<CommandFlag> server_flags() {
  return {{.name = "kubeconfig", .help = "Default: $KUBECONFIG, else ~/.kube/config"},
          {.name = "context", .help = "Context of the kubeconfig; default: its current one"}};
}

Result<CommandServer> open_server(const CommandInput& input) {
  const auto path =
      kubeconfig_path(input.flag("kubeconfig"), environment("KUBECONFIG"), environment("HOME"));
  CHARTER_TRY_ASSIGN(auto config, read_kubeconfig(path, input.flag("context")));
  CHARTER_TRY(turn_to_operator(input, config));
  CommandServer server;
  server.ns = config.ns.empty() ? "default" : config.ns;
  CHARTER_TRY_ASSIGN(server.transport, RestTransport::open(config, limits::kAnswerTimeout));
  return server;
}

Status write_output(std::ostream& out, const std::string& file, std::string_view text) {
  if (file.empty()) {
    out << text << std::flush;
    if (out) return {};
    return Error{Code::InternalError, "cannot write to standard output"};
  }
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.flush();
  if (stream) return {};
  return Error{Code::InternalError, "cannot write " + file};
}

}  // namespace charter
