#include "controller/runtime/https_fetch.h"

#include "controller/runtime/rest_transport.h"

#include <nlohmann/json.hpp>

#include <memory>
#include <utility>

namespace charter {

namespace {

/// A URL's server, ready to be asked, and what to ask it for.
struct Opened {
  std::unique_ptr<RestTransport> transport;
  std::string path;
};

Result<Opened> open(const std::string& url, const std::string& ca_pem, Duration timeout) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme))
    return Error{Code::Invalid, url + ": expected a URL that begins with https://"};
  const size_t path = url.find('/', kScheme.size());
  Kubeconfig server;
  server.context = url;
  server.server = url.substr(0, path);
  server.ca_pem = ca_pem;
  Opened opened;
  CHARTER_TRY_ASSIGN(opened.transport, RestTransport::open(server, timeout));
  opened.path = path == std::string::npos ? "/" : url.substr(path);
  return opened;
}

}  // namespace

Result<Json> fetch_https(const std::string& url, const std::string& ca_pem, Duration timeout) {
  CHARTER_TRY_ASSIGN(const Opened opened, open(url, ca_pem, timeout));
  return opened.transport->get(opened.path);
}

Status download_https(const std::string& url, const std::string& ca_pem, Duration timeout,
                      const std::function<Status(std::string_view)>& take) {
  CHARTER_TRY_ASSIGN(const Opened opened, open(url, ca_pem, timeout));
  return opened.transport->get_pieces(opened.path, take);
}

}  // namespace charter
