#pragma once

#include "controller/base/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Which server a command talks to and as whom: one context of a kubeconfig file, in the form that
// kubectl writes (client-go's clientcmd/api/v1), or what a pod finds in itself. Files named in it
// are read relative to its folder. What is not understood (auth-provider, username,
// tls-server-name, impersonation) is refused, not skipped: a request without it would go out as
// somebody else, or nowhere.
namespace charter {

/// A program that hands out credentials (client.authentication.k8s.io/v1, ExecCredential).
struct ExecPlugin {
  std::string api_version;
  std::string command;  ///< absolute, below the kubeconfig's folder, or looked up in PATH
  std::vector<std::string> args;
  std::vector<std::pair<std::string, std::string>> env;
  bool provide_cluster_info = false;
  std::string install_hint;
};

/// A server and an identity. Holds secrets: never logged, never in an error.
struct Kubeconfig {
  std::string context;  ///< name, for people
  std::string server;   ///< https://host:port[/path]
  std::string ca_pem;   ///< empty: the system's trusted roots
  bool skip_verify = false;
  std::string certificate_pem, key_pem;  ///< of the client; both or none
  std::string token;                     ///< bearer token, empty: none
  std::string ns;                        ///< the context's namespace, empty: "default"
  std::string token_file =
      {};                ///< read again when it is old: rotated tokens; `token` is its content
  ExecPlugin exec = {};  ///< asked for a credential when there is no token; empty command: none
  std::string proxy_url = {};  ///< http://host:port, empty: none
};

/// The path that kubectl would use: `flag`, else the first file of $KUBECONFIG (`environment`),
/// else ~/.kube/config below `home`.
std::string kubeconfig_path(const std::string& flag, const std::string& environment,
                            const std::string& home);

/// Reads one context; `context` empty: current-context. Errors: NotFound without the file, Invalid
/// naming the file and the field.
Result<Kubeconfig> read_kubeconfig(const std::string& path, const std::string& context);

/// What a pod knows of its cluster: `host` and `port` as in $KUBERNETES_SERVICE_HOST and _PORT, and
/// token, ca.crt and namespace in `folder`. Errors: NotFound outside a pod.
Result<Kubeconfig> in_cluster_config(const std::string& host, const std::string& port,
                                     const std::string& folder);
/// Where Kubernetes mounts a pod's ServiceAccount.
inline constexpr const char* kServiceAccountFolder =
    "/var/run/secrets/kubernetes.io/serviceaccount";

}  // namespace charter
