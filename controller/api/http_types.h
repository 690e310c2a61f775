#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controller/base/clock.h"

// Requests and responses between http_server (which owns sockets, TLS and limits) and the API (which owns meaning). No Asio here.
namespace charter {

/// Identity proven by a client certificate.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> organizations;
};

/// Runs a piece of work soon on the thread that owns a connection, or drops it when the server is gone. Any thread may call it.
using Resume = std::function<void(std::function<void()>)>;

/// A complete, bounded request.
struct HttpRequest {
  std::string method;
  std::string path;    ///< before '?', percent-encoded as sent
  std::string query;   ///< after '?'
  std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case, in order
  std::string body;    ///< decoded from chunks; gzip is refused with 415
  std::optional<PeerCertificate> peer;
  std::string remote;  ///< "127.0.0.1:54321"
  Resume resume;       ///< for handlers that go on after another thread's answer; empty: there is no such thread
  std::string flow;    ///< whom the server counts it to; see flow.h

  /// First header of that lower-case name, or empty.
  std::string_view header(std::string_view name) const;
};

/// A piece of a body. `owner` keeps `view` alive; the bytes are sent without being copied into a response string.
struct Bytes {
  std::shared_ptr<const void> owner;
  std::string_view view;

  /// A piece that owns its text.
  static Bytes own(std::string text);
};

/// A body produced while it is sent (watch). The server pulls when the socket can take more.
/// Thread contract: `next` and `wake_after` are called by one wire thread at a time; the ready callback may be called from any thread and at any
/// time between on_ready and destruction of the stream.
class BodyStream {
 public:
  /// What `next` reports after appending to `out`.
  enum class State { More, Idle, End };
  virtual ~BodyStream() = default;
  /// Appends pieces of about `max_bytes` in all. More: call again at once; Idle: wait for ready or the wake-up; End: nothing follows.
  virtual State next(size_t max_bytes, std::vector<Bytes>& out) = 0;
  /// Registers the server's wake-up call. Called once, before the first `next`.
  virtual void on_ready(std::function<void()> ready) = 0;
  /// When Idle: call `next` again after this long even without ready (bookmarks, time-outs).
  virtual Duration wake_after() = 0;
};

/// An answer: either `body` (sent with Content-Length) or `stream` (sent chunked).
struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<Bytes> body;
  std::unique_ptr<BodyStream> stream;

  /// A response whose body is one owned string.
  static HttpResponse text(int status, std::string content_type, std::string body);
};

/// Answers one request; `respond` must be called exactly once, from any thread.
using Respond = std::function<void(HttpResponse)>;
using Handler = std::function<void(HttpRequest request, Respond respond)>;

}  // namespace charter
