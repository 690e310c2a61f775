#include "controller/runtime/https_fetch.h"

#include "controller/runtime/rest_transport.h"

#include <nlohmann/json.hpp>

namespace charter {

Result<Json> fetch_https(const std::string& url, const std::string& ca_pem, Duration timeout) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme))
    return Error{Code::Invalid, url + ": expected a URL that begins with https://"};
  const size_t path = url.find('/', kScheme.size());
  Kubeconfig server;
  server.context = url;
  server.server = url.substr(0, path);
  server.ca_pem = ca_pem;
  CHARTER_TRY_ASSIGN(const auto transport, RestTransport::open(server, timeout));
  return transport->get(path == std::string::npos ? "/" : url.substr(path));
}

}  // namespace charter
