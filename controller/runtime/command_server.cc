#include "controller/runtime/command_server.h"

#include "controller/base/limits.h"
#include "controller/runtime/kubeconfig.h"

#include <cstdlib>
#include <fstream>

namespace charter {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

std::vector<CommandFlag> server_flags() {
  return {{.name = "kubeconfig", .help = "Default: $KUBECONFIG, else ~/.kube/config"},
          {.name = "context", .help = "Context of the kubeconfig; default: its current one"}};
}

Result<CommandServer> open_server(const CommandInput& input) {
  const auto path =
      kubeconfig_path(input.flag("kubeconfig"), environment("KUBECONFIG"), environment("HOME"));
  CHARTER_TRY_ASSIGN(const auto config, read_kubeconfig(path, input.flag("context")));
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
