#pragma once

#include "controller/api/http_server.h"

#include <atomic>
#include <memory>
#include <mutex>

namespace charter {

class TlsContext;
class ServerContext;

/// The share of the server-wide bounds that one request holds: its body bytes, and after admit() a
/// place among the requests in flight. Gives both back when it dies. Moves with the request, then
/// with the response.
class Lease {
 public:
  Lease() = default;
  explicit Lease(std::shared_ptr<ServerContext> context) : context_(std::move(context)) {}
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }

  /// Raises the bytes held to `bytes`; false when the server holds too many already.
  bool grow(size_t bytes);
  /// Takes a place among the requests in flight; false when there is none.
  bool admit();
  /// Gives everything back now.
  void release();

 private:
  std::shared_ptr<ServerContext> context_;
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

  /// Takes a place for a connection; false at the cap.
  bool open_connection();
  void close_connection();
  void open_stream();
  void close_stream();
  void count_answer(int status);
  void count_bytes(size_t received, size_t sent);
  void count_refused_connection() { refused_connections_.increment(); }

 private:
  friend class Lease;
  const HttpServerOptions options_;
  const Handler handler_;
  const ErrorBody error_body_;
  std::shared_ptr<TlsContext> tls_;  // swapped by reload, read by each new connection

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
};

}  // namespace charter
