#pragma once

#include "controller/api/http_types.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace charter {

/// What the request decides about the form of its answer.
struct AnswerForm {
  enum class Version { Http10, Http11 };
  enum class Body { Full, HeadOnly };  ///< HeadOnly: HEAD
  enum class Afterwards { KeepAlive, Close };
  Version version = Version::Http11;
  Body body = Body::Full;
  Afterwards afterwards = Afterwards::KeepAlive;
};

/// The bytes that a connection still has to send, in order. Pieces keep their owners; nothing is
/// joined.
class OutQueue {
 public:
  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }
  void push(Bytes piece);
  void push_text(std::string text);
  /// The next bytes to hand to the socket: a large piece as it is, small ones gathered in `scratch`
  /// (a TLS record each would cost more than the copy). The same bytes come again until pop().
  std::string_view front(char* scratch, size_t scratch_bytes) const;
  void pop(size_t bytes);
  void clear();

 private:
  std::vector<Bytes> pieces_;  // a deque would keep 600 bytes for each idle watcher
  size_t first_ = 0;           // pieces before it are sent
  size_t bytes_ = 0;
};

/// "OK" for 200; "Unknown" for a status without a name here.
const char* status_phrase(int status);

/// True when a response of this status never has a body (1xx, 204, 304).
bool is_bodiless(int status);

/// Bytes of the body, without a stream's.
size_t body_size(const HttpResponse& response);

/// Status line and headers. Content-Length, Transfer-Encoding and Connection are the server's own:
/// the handler's are dropped. Control characters in values become spaces, so that no value can
/// forge a header.
std::string make_head(const HttpResponse& response, const AnswerForm& form);

/// Queues head and body of a response without a stream.
void queue_response(HttpResponse& response, const AnswerForm& form, OutQueue& out);

/// Queues pieces of a stream: one chunk, or as they are for HTTP/1.0.
void queue_chunk(std::vector<Bytes>& pieces, const AnswerForm& form, OutQueue& out);
/// Queues the end of a stream.
void queue_last_chunk(const AnswerForm& form, OutQueue& out);

}  // namespace charter
