#pragma once

#include "controller/base/result.h"

#include <string>
#include <string_view>

// Which server a command talks to and as whom: one context of a kubeconfig file, in the form that
// kubectl writes (client-go's clientcmd/api/v1). Files named in it are read relative to its folder.
// What would need another program (exec, auth-provider) or a proxy is refused, not skipped: a
// request without it would go out as somebody else, or nowhere.
namespace charter {

/// A server and an identity, everything inline. Holds secrets: never logged, never in an error.
struct Kubeconfig {
  std::string context;  ///< name, for people
  std::string server;   ///< https://host:port[/path]
  std::string ca_pem;   ///< empty: the system's trusted roots
  bool skip_verify = false;
  std::string certificate_pem, key_pem;  ///< of the client; both or none
  std::string token;                     ///< bearer token, empty: none
  std::string ns;                        ///< the context's namespace, empty: "default"
};

/// The path that kubectl would use: `flag`, else the first file of $KUBECONFIG (`environment`),
/// else ~/.kube/config below `home`.
std::string kubeconfig_path(const std::string& flag, const std::string& environment,
                            const std::string& home);

/// Reads one context; `context` empty: current-context. Errors: NotFound without the file, Invalid
/// naming the file and the field.
Result<Kubeconfig> read_kubeconfig(const std::string& path, const std::string& context);

}  // namespace charter
