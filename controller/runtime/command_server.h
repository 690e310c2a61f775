#pragma once

#include "controller/base/command.h"
#include "controller/runtime/rest_transport.h"

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

// What commands have in common that talk to a running server as kubectl does: which server, as
// whom, in which namespace, and where the answer goes.
namespace charter {

/// --kubeconfig and --context, for a command's own flags to be followed by.
std::vector<CommandFlag> server_flags();
/// --operator and --operator-ca, for commands on what the API server of `charter operator` does not
/// serve and the operator does. open_server() knows them.
std::vector<CommandFlag> operator_server_flags();

/// A server, as the command's flags and the environment name it.
struct CommandServer {
  std::unique_ptr<RestTransport> transport;
  std::string ns;  ///< the context's namespace, or "default"
};

/// The server of the kubeconfig; with --operator that one, as the kubeconfig's user, by token.
/// Errors: NotFound or Invalid, naming the kubeconfig or its field, or the flag. Does not connect
/// yet.
Result<CommandServer> open_server(const CommandInput& input);

/// Writes `text` to `file`, or to `out` when it names none. Errors: InternalError naming the file.
Status write_output(std::ostream& out, const std::string& file, std::string_view text);

}  // namespace charter
