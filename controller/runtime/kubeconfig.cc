#include "controller/runtime/kubeconfig.h"

#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace charter {
namespace {

namespace fs = std::filesystem;

Error invalid(const std::string& where, const std::string& what) {
  return Error{Code::Invalid, where + ": " + what};
}

void trim_end(std::string& text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
}

// A name and a password in it would need another place that keeps secrets.
bool is_plain_proxy(const std::string& url) {
  return url.starts_with("http://") && url.find('@') == std::string::npos;
}

Result<std::string> mounted_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Error{Code::NotFound, "cannot read " + path.string()};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// A kubeconfig being read.
class Reader {
 public:
  Reader(fs::path path, const Json& tree) : path_(std::move(path)), tree_(tree) {}

  Result<Kubeconfig> read(const std::string& wanted) const {
    Kubeconfig config;
    config.context = wanted.empty() ? text_at(tree_, {"current-context"}) : wanted;
    if (config.context.empty())
      return invalid(path_, "no current-context: name one with --context");
    CHARTER_TRY_ASSIGN(const Json* context, entry("contexts", "context", config.context));
    config.ns = text_at(*context, {"namespace"});
    CHARTER_TRY_ASSIGN(const Json* cluster,
                       entry("clusters", "cluster", text_at(*context, {"cluster"})));
    CHARTER_TRY(read_cluster(*cluster, config));
    const std::string user_name = text_at(*context, {"user"});
    if (user_name.empty()) return config;
    CHARTER_TRY_ASSIGN(const Json* user, entry("users", "user", user_name));
    CHARTER_TRY(read_user(*user, config));
    return config;
  }

 private:
  Result<const Json*> entry(const char* list, const char* member, const std::string& name) const {
    const Json* entries = at(tree_, {list});
    if (entries != nullptr && entries->is_array()) {
      for (const Json& candidate : *entries) {
        if (text_at(candidate, {"name"}) != name) continue;
        const Json* found = at(candidate, {member});
        if (found != nullptr && found->is_object()) return found;
      }
    }
    return invalid(path_, std::string(list) + ": there is no \"" + name + "\"");
  }

  // `name`-data holds base64, `name` a path; the data wins, as in client-go.
  Result<std::string> data_or_file(const Json& from, const std::string& name) const {
    const std::string inline_text = text_at(from, {name + "-data"});
    if (!inline_text.empty()) {
      auto bytes = decode_base64(inline_text);
      if (!bytes) return invalid(path_, name + "-data is not base64");
      return *std::move(bytes);
    }
    return file(text_at(from, {name}), name);
  }

  Result<std::string> file(const std::string& name, const std::string& field) const {
    if (name.empty()) return std::string();
    const fs::path from = absolute(name);
    std::ifstream in(from, std::ios::binary);
    if (!in) return invalid(path_, field + ": cannot read " + from.string());
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  Status refuse(const Json& from, const char* list,
                std::initializer_list<const char*> members) const {
    for (const char* member : members) {
      if (at(from, {member}) == nullptr) continue;
      return invalid(path_, std::string(list) + ": " + member + " is not supported here");
    }
    return {};
  }

  Status read_cluster(const Json& cluster, Kubeconfig& config) const {
    CHARTER_TRY(refuse(cluster, "cluster", {"tls-server-name"}));
    config.proxy_url = text_at(cluster, {"proxy-url"});
    if (!config.proxy_url.empty() && !is_plain_proxy(config.proxy_url))
      return invalid(path_, "cluster: proxy-url must be http://HOST:PORT without a user");
    config.server = text_at(cluster, {"server"});
    if (!config.server.starts_with("https://"))
      return invalid(path_, "cluster: server must be an https:// URL");
    config.skip_verify = flag_at(cluster, {"insecure-skip-tls-verify"}, false);
    CHARTER_TRY_ASSIGN(config.ca_pem, data_or_file(cluster, "certificate-authority"));
    return {};
  }

  Status read_user(const Json& user, Kubeconfig& config) const {
    CHARTER_TRY(refuse(user, "user", {"auth-provider", "username", "as", "as-groups"}));
    CHARTER_TRY_ASSIGN(config.certificate_pem, data_or_file(user, "client-certificate"));
    CHARTER_TRY_ASSIGN(config.key_pem, data_or_file(user, "client-key"));
    if (config.certificate_pem.empty() != config.key_pem.empty())
      return invalid(path_, "user: client-certificate and client-key go together");
    config.token = text_at(user, {"token"});
    const std::string token_file = text_at(user, {"tokenFile"});
    if (!token_file.empty()) {
      // The file wins, as in client-go: it is the one that is kept fresh.
      config.token_file = absolute(token_file).string();
      CHARTER_TRY_ASSIGN(config.token, file(token_file, "tokenFile"));
      trim_end(config.token);
    }
    const Json* exec = at(user, {"exec"});
    return exec == nullptr ? Status() : read_exec(*exec, config);
  }

  Status read_exec(const Json& from, Kubeconfig& config) const {
    ExecPlugin& exec = config.exec;
    exec.api_version = text_at(from, {"apiVersion"});
    if (exec.api_version != "client.authentication.k8s.io/v1" &&
        exec.api_version != "client.authentication.k8s.io/v1beta1")
      return invalid(path_, "user: exec: apiVersion must be client.authentication.k8s.io/v1");
    exec.command = text_at(from, {"command"});
    if (exec.command.empty()) return invalid(path_, "user: exec: command is missing");
    // With a slash it belongs to the kubeconfig's folder, without one to PATH, as in client-go.
    if (exec.command.find('/') != std::string::npos) exec.command = absolute(exec.command).string();
    if (text_at(from, {"interactiveMode"}) == "Always")
      return invalid(path_, "user: exec: interactiveMode Always: there is no terminal here");
    exec.provide_cluster_info = flag_at(from, {"provideClusterInfo"}, false);
    exec.install_hint = text_at(from, {"installHint"});
    if (const Json* args = at(from, {"args"}); args != nullptr && args->is_array()) {
      for (const Json& argument : *args) {
        if (!argument.is_string()) return invalid(path_, "user: exec: args must be strings");
        exec.args.push_back(argument.get<std::string>());
      }
    }
    if (const Json* env = at(from, {"env"}); env != nullptr && env->is_array()) {
      for (const Json& entry : *env)
        exec.env.emplace_back(text_at(entry, {"name"}), text_at(entry, {"value"}));
    }
    return {};
  }

  fs::path absolute(const std::string& name) const {
    return fs::path(name).is_absolute() ? fs::path(name) : fs::absolute(path_.parent_path() / name);
  }

  const fs::path path_;
  const Json& tree_;
};

}  // namespace

std::string kubeconfig_path(const std::string& flag, const std::string& environment,
                            const std::string& home) {
  if (!flag.empty()) return flag;
  if (!environment.empty()) return environment.substr(0, environment.find(':'));
  return home + "/.kube/config";
}

Result<Kubeconfig> read_kubeconfig(const std::string& path, const std::string& context) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return Error{Code::NotFound, path +
                                     ": cannot read this kubeconfig; name one with --kubeconfig "
                                     "or $KUBECONFIG (charter serve writes DATA_DIR/kubeconfig)"};
  }
  std::string text(limits::kBodyBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > limits::kBodyBytesMax) return invalid(path, "larger than any kubeconfig");
  const Result<Json> tree = parse_yaml(text);
  // The parser's message may quote the text around the fault, and a kubeconfig holds keys.
  if (!tree || !tree->is_object()) return invalid(path, "not a YAML mapping");
  return Reader(path, *tree).read(context);
}

Result<Kubeconfig> in_cluster_config(const std::string& host, const std::string& port,
                                     const std::string& folder) {
  if (host.empty() || port.empty()) {
    return Error{Code::NotFound,
                 "not in a pod: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; "
                 "name a kubeconfig with --kubeconfig"};
  }
  Kubeconfig config;
  config.context = "in-cluster";
  const bool is_v6 = host.find(':') != std::string::npos;
  config.server = "https://" + (is_v6 ? "[" + host + "]" : host) + ":" + port;
  config.token_file = folder + "/token";
  CHARTER_TRY_ASSIGN(config.token, mounted_file(config.token_file));
  trim_end(config.token);
  CHARTER_TRY_ASSIGN(config.ca_pem, mounted_file(folder + "/ca.crt"));
  if (auto ns = mounted_file(folder + "/namespace")) config.ns = *ns;
  trim_end(config.ns);
  return config;
}

}  // namespace charter
