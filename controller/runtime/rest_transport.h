#pragma once

#include "controller/base/clock.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"
#include "controller/runtime/kubeconfig.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

// Requests to a Kubernetes API server over HTTPS. The only file that knows cpprestsdk is its .cc.
namespace charter {

/// A connection to one server, as one identity. Blocks until the answer; not from a wire or writer
/// thread. Thread-safe.
class RestTransport {
 public:
  /// `timeout` is for each request and between two pieces of its answer. Errors: Invalid when
  /// certificate or key cannot be used. Does not connect yet.
  static Result<std::unique_ptr<RestTransport>> open(
      const Kubeconfig& config, Duration timeout,
      size_t answer_bytes_max = limits::kAnswerBytesMax);
  ~RestTransport();

  /// GET of a path with its query ("/api/v1/secrets?limit=500"). Follows no redirect: credentials
  /// go to the named server only. Errors: the server's own Status (code, message), or
  /// ServiceUnavailable when there was no answer.
  Result<Json> get(const std::string& path_and_query);
  /// POST of a JSON document; else as get.
  Result<Json> post(const std::string& path_and_query, const Json& body);
  /// Ends all requests that wait for an answer, and every later one. Any thread.
  void cancel();
  /// The same for an answer in another media type, as the server wrote it.
  Result<std::string> get_text(const std::string& path_and_query, const std::string& accept);
  /// Hands an answer of any length to `take`, piece by piece. Errors: also what `take` says, which
  /// ends it.
  using Piece = std::function<Status(std::string_view)>;
  Status get_pieces(const std::string& path_and_query, const Piece& take);

 private:
  struct State;
  explicit RestTransport(std::unique_ptr<State> state);
  struct Request;
  /// An answer of success goes to `take`, when there is one, and is not returned.
  Result<std::string> send(const Request& request, const Piece* take = nullptr);
  std::unique_ptr<State> state_;
};

}  // namespace charter
