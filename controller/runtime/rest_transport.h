#pragma once

#include "controller/base/clock.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"
#include "controller/runtime/kubeconfig.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Requests to a Kubernetes API server over HTTPS. The only files that know cpprestsdk are the .cc
// of this one and of rest_stream.
namespace charter {

struct Credential;

/// Verbs of HTTP.
enum class RestMethod { Get, Post, Put, Patch, Delete };

/// One request.
struct RestCall {
  RestMethod method = RestMethod::Get;
  std::string path_and_query;
  const Json* body = nullptr;
  std::string content_type = "application/json";
};

/// How a transport behaves.
struct RestOptions {
  /// For each request and between two pieces of its answer.
  Duration timeout = limits::kAnswerTimeout;
  size_t answer_bytes_max = limits::kAnswerBytesMax;
  std::string user_agent = {};
  /// Told of each request that ended: its verb ("GET"), the status (0: no answer) and how long it
  /// took. Any thread.
  std::function<void(std::string_view method, int status, Duration took)> seen = {};
};

/// An answer that goes on: lines of text, as a watch sends them. Thread-safe; one reader at a time.
class RestStream {
 public:
  virtual ~RestStream() = default;
  /// Lines that are there now, at most `max`; empty when there are none. After the last one:
  /// Timeout when the server ended the answer, ServiceUnavailable when the line broke, was silent
  /// for too long, or nobody took what came.
  virtual Result<std::vector<std::string>> take(size_t max) = 0;
  /// Called, from any thread, when `take` may return something again. Set once.
  virtual void on_ready(std::function<void()> ready) = 0;
};

/// A connection to one server, as one identity. Blocks until the answer; not from a wire or writer
/// thread. Thread-safe.
class RestTransport {
 public:
  /// Errors: Invalid when certificate or key cannot be used. Does not connect yet.
  static Result<std::unique_ptr<RestTransport>> open(const Kubeconfig& config, RestOptions options);
  /// `timeout` is for each request and between two pieces of its answer.
  static Result<std::unique_ptr<RestTransport>> open(
      const Kubeconfig& config, Duration timeout,
      size_t answer_bytes_max = limits::kAnswerBytesMax);
  ~RestTransport();

  /// GET of a path with its query ("/api/v1/secrets?limit=500"). Follows no redirect: credentials
  /// go to the named server only. Errors: the server's own Status (code, message, causes,
  /// Retry-After), or ServiceUnavailable when there was no answer.
  Result<Json> get(const std::string& path_and_query);
  /// POST of a JSON document; else as get.
  Result<Json> post(const std::string& path_and_query, const Json& body);
  /// Any request; else as get. A credential that is refused is looked up again, once. A certificate
  /// that is new goes with new connections; a stream that is open goes on as whom it began.
  Result<Json> call(const RestCall& call);
  /// Ends all requests that wait for an answer, and every later one. Any thread.
  void cancel();
  /// Hands an answer of any length and media type to `take`, piece by piece, as the server wrote
  /// it. Errors: also what `take` says, which ends it.
  using Piece = std::function<Status(std::string_view)>;
  Status get_pieces(const std::string& path_and_query, const Piece& take,
                    const std::string& accept = "*/*");
  /// GET of an answer without an end. Returns when its head is there. `silence` is how long nothing
  /// may come. Errors: as get.
  Result<std::unique_ptr<RestStream>> stream(const std::string& path_and_query, Duration silence);

  /// "https://host:port", for people and metrics.
  const std::string& server() const;

 private:
  struct State;
  explicit RestTransport(std::unique_ptr<State> state);
  struct Request;
  /// An answer of success goes to `take`, when there is one, and is not returned.
  Result<std::string> send(const Request& request, const Piece* take = nullptr);
  Result<std::string> send_once(const Request& request, const Credential& credential,
                                const Piece* take);
  Result<std::unique_ptr<RestStream>> stream_once(const std::string& path_and_query,
                                                  Duration silence, const Credential& credential);
  std::unique_ptr<State> state_;
};

}  // namespace charter
