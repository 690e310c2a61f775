#pragma once

#include "controller/api/http_types.h"
#include "controller/base/limits.h"
#include "controller/base/metrics.h"
#include "controller/base/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

// HTTP/1.1 over TLS 1.2+ on Boost.Asio: accept, parse, bound, answer, stream. Each connection is an
// explicit state machine over one type-erased stream that feeds beast::http::request_parser by
// hand. It knows nothing of Kubernetes. All limits from limits.h: headers, body, connections,
// requests and bytes in flight (429 with Retry-After), idle and slow peers. Error bodies made here
// (413, 400, 429 …) go through `ErrorBody`, so that clients always get a Kubernetes Status.
namespace charter {

/// What a handshake needs, PEM.
struct TlsMaterial {
  std::string certificate_pem;  ///< server certificate chain, the leaf first
  std::string key_pem;
  std::string client_ca_pem;  ///< accepted issuers of client certificates; empty: none is asked for
  bool operator==(const TlsMaterial&) const = default;
};

/// PEM material and address of one listener.
struct HttpServerOptions {
  std::string address = "127.0.0.1";
  uint16_t port = 0;  ///< 0: the system picks; see port()
  TlsMaterial tls;    ///< a request without client certificate is still served (peer empty)
  int wire_threads = 2;
  /// Whom a request is counted to, from its head; empty when it does not say who asks. Called again only when a connection's
  /// Authorization changes. Without it, a client's address decides.
  std::function<std::string(const HttpRequest& head)> flow_of;

  // The bounds of limits.h; tests shorten them.
  Duration handshake_timeout = limits::kHandshakeTimeout;
  Duration header_timeout = limits::kHeaderTimeout;
  Duration body_timeout = limits::kBodyTimeout;
  Duration idle_timeout = limits::kIdleTimeout;
  Duration write_timeout = limits::kWriteTimeout;
  size_t connections_max = limits::kConnectionsMax;
  size_t requests_in_flight_max = limits::kRequestsInFlightMax;
  size_t bytes_in_flight_max = limits::kBytesInFlightMax;
};

/// Makes the JSON body of an error that the server finds itself.
using ErrorBody = std::function<HttpResponse(const Error&)>;

/// One listener. Thread-safe.
class HttpServer {
 public:
  /// Binds and listens. Errors: Conflict when the address is in use, Invalid when PEM does not
  /// parse.
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, Handler handler,
                                                   ErrorBody error_body, Metrics& metrics);
  ~HttpServer();
  uint16_t port() const;
  /// Replaces certificate, key and client CAs for new handshakes, all at once. Open connections and
  /// their streams live on with what they were made with. Errors: Invalid; nothing changes then.
  Status reload(const TlsMaterial& material);
  /// Stops accepting; ends streams and idle connections; waits for running requests up to the
  /// deadline; joins.
  void stop(Duration deadline);

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace charter
