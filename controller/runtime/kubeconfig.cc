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
    const fs::path at = fs::path(name).is_absolute() ? fs::path(name) : path_.parent_path() / name;
    std::ifstream in(at, std::ios::binary);
    if (!in) return invalid(path_, field + ": cannot read " + at.string());
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
    CHARTER_TRY(refuse(cluster, "cluster", {"proxy-url", "tls-server-name"}));
    config.server = text_at(cluster, {"server"});
    if (!config.server.starts_with("https://"))
      return invalid(path_, "cluster: server must be an https:// URL");
    config.skip_verify = flag_at(cluster, {"insecure-skip-tls-verify"}, false);
    CHARTER_TRY_ASSIGN(config.ca_pem, data_or_file(cluster, "certificate-authority"));
    return {};
  }

  Status read_user(const Json& user, Kubeconfig& config) const {
    CHARTER_TRY(refuse(user, "user", {"exec", "auth-provider", "username", "as", "as-groups"}));
    CHARTER_TRY_ASSIGN(config.certificate_pem, data_or_file(user, "client-certificate"));
    CHARTER_TRY_ASSIGN(config.key_pem, data_or_file(user, "client-key"));
    if (config.certificate_pem.empty() != config.key_pem.empty())
      return invalid(path_, "user: client-certificate and client-key go together");
    config.token = text_at(user, {"token"});
    if (!config.token.empty()) return {};
    CHARTER_TRY_ASSIGN(config.token, file(text_at(user, {"tokenFile"}), "tokenFile"));
    while (!config.token.empty() && config.token.back() == '\n')
      config.token.pop_back();
    return {};
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

}  // namespace charter
