#pragma once

#include "controller/api/http_server.h"
#include "tests/support/raw_client.h"

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace charter::testing {

/// The test's end of one streamed response. Thread-safe.
class StreamTap {
 public:
  /// Makes the body that the handler answers with.
  std::unique_ptr<BodyStream> make_body();
  /// Sends a piece.
  void push(std::string text);
  /// Sends so much, piece by piece, that only a reader can take it.
  void flood(size_t bytes_max);
  void end();
  /// Waits until the server has destroyed the body; false after ten seconds.
  bool wait_until_destroyed();
  /// Waits until `next` was called that often.
  bool wait_for_calls(size_t calls);
  void set_wake_after(Duration wake_after);
  size_t taken_bytes();

 private:
  class Body;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> pieces_;
  std::function<void()> ready_;
  size_t flood_bytes_ = 0;
  size_t taken_bytes_ = 0;
  size_t calls_ = 0;
  bool ended_ = false;
  bool destroyed_ = false;
  Duration wake_after_ = std::chrono::minutes(1);
};

/// A server on loopback with its own CA and a handler with one path for each behaviour under test:
/// /hello /echo /identity /async /hold /drop /stream/N /big.
class WireServer {
 public:
  /// `other` answers the paths that are not named here; without it, they are told back.
  explicit WireServer(HttpServerOptions options = {}, Handler other = {});
  ~WireServer();

  RawClientOptions client() const;
  /// A connected client without certificate; fails the test when there is none.
  std::unique_ptr<RawClient> connect() const;
  HttpServer& http() { return *http_; }
  std::string metric(const std::string& series) const;
  const CertifiedKey& ca() const { return ca_; }
  CertifiedKey issue(LeafRequest request) const;
  StreamTap& tap(const std::string& name);
  /// Waits until that many requests to /hold are running.
  bool wait_for_held(size_t count);
  /// Answers all of them.
  void release_held();
  /// Stops the server and lets go of it.
  void destroy() { http_.reset(); }

 private:
  void handle(HttpRequest request, Respond respond);

  CertifiedKey ca_;
  Metrics metrics_;
  const Handler other_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Respond> held_;
  std::map<std::string, std::unique_ptr<StreamTap>> taps_;
  std::vector<std::thread> threads_;
  std::shared_ptr<const std::string> big_;
  std::unique_ptr<HttpServer> http_;
};

/// The body that WireServer's errors have, as a Kubernetes Status would.
HttpResponse plain_status(const Error& error);

}  // namespace charter::testing
