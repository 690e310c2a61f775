#pragma once

#include "controller/api/flow.h"
#include "controller/api/http_server.h"

#include <atomic>
#include <memory>
#include <mutex>

namespace charter {

class TlsContext;
class ServerContext;

/// 429 in kube-apiserver's words, with Retry-After.
Error overloaded();

/// The share of the server-wide bounds that one request holds: its body bytes, after admit() a
/// place among the requests in flight, then the bytes of its answer until they are read. Gives all
/// back when it dies. Moves with the request, then with the response. Bounds hold for the server,
/// and for a flow by fits_share(): whatever others hold, there is room for one more.
class Lease {
 public:
  Lease() = default;
  Lease(std::shared_ptr<ServerContext> context, FlowPtr flow)
      : context_(std::move(context)), flow_(std::move(flow)) {}
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }

  /// Raises the bytes held to `bytes`; false when that is more than the flow's share.
  bool grow(size_t bytes);
  /// Takes a place among the requests in flight; false when the flow has no more places, or holds
  /// more bytes than its share because it does not read its answers.
  bool admit();
  /// Whether an answer of so many bytes is within the flow's share. A flow that holds nothing else
  /// may have any.
  bool has_room_for(size_t bytes) const;
  /// The body is used up; what is held from now on is the answer. Never refused: it exists already.
  void hold_answer(size_t bytes);
  /// Gives everything back now.
  void release();

 private:
  void take_bytes(size_t bytes);

  std::shared_ptr<ServerContext> context_;
  FlowPtr flow_;
  size_t bytes_ = 0;
  bool admitted_ = false;
};

/// What all connections of one server share. Thread-safe. Lives as long as any request: a handler
/// may answer after the server is gone.
class ServerContext : public std::enable_shared_from_this<ServerContext> {
 public:
  ServerContext(HttpServerOptions options, Handler handler, ErrorBody error_body, Metrics& metrics);

  const HttpServerOptions& options() const { return options_; }
  const Handler& handler() const { return handler_; }
  /// The response for an error found by the server, with Retry-After when the error carries one.
  HttpResponse error_response(const Error& error) const;

  std::shared_ptr<TlsContext> tls() const { return std::atomic_load(&tls_); }
  void set_tls(std::shared_ptr<TlsContext> tls) { std::atomic_store(&tls_, std::move(tls)); }

  /// Whom the request with this head is counted to, if it says so.
  FlowPtr flow_of(const HttpRequest& head);
  FlowPtr flow_of_client(const std::string& remote) { return flows_.find(flow_of_address(remote)); }

  /// Takes a place for a connection; false at the cap.
  bool open_connection();
  void close_connection();
  /// Takes a place for a watch; false when the flow has its share of them.
  bool open_stream(Flow& flow);
  void close_stream(Flow& flow);
  void count_answer(int status);
  void count_bytes(size_t received, size_t sent);
  /// The 429 of a request that is more than its flow's share.
  HttpResponse refusal() {
    refused_requests_.increment();
    return error_response(overloaded());
  }
  void count_refused_connection() { refused_connections_.increment(); }

 private:
  friend class Lease;
  const HttpServerOptions options_;
  const Handler handler_;
  const ErrorBody error_body_;
  std::shared_ptr<TlsContext> tls_;  // swapped by reload, read by each new connection

  FlowTable flows_;
  std::atomic<size_t> requests_in_flight_ = 0;
  std::atomic<size_t> bytes_in_flight_ = 0;

  std::mutex gauges_mutex_;  // a gauge set out of order would stay wrong until the next change
  size_t connections_ = 0;
  size_t streams_ = 0;
  Gauge& connections_gauge_;
  Gauge& streams_gauge_;
  Counter* answers_[5];  // by status class, 1xx first
  Counter& received_bytes_;
  Counter& sent_bytes_;
  Counter& refused_connections_;
  Counter& refused_requests_;
};

}  // namespace charter
