#pragma once

#include "controller/api/http_types.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

namespace charter {

/// The outcome of one attempt on a non-blocking stream.
struct IoOutcome {
  /// WantRead, WantWrite: nothing was done; wait for the socket and try again. Closed: the peer
  /// ended the stream in order. Failed: it is of no further use.
  enum class Kind { Done, WantRead, WantWrite, Closed, Failed };
  Kind kind = Kind::Failed;
  size_t bytes = 0;  ///< with Done
};

/// A byte stream over a non-blocking socket that somebody else waits for and closes. One thread at
/// a time. Keeps no buffers of its own while idle.
class WireStream {
 public:
  virtual ~WireStream() = default;
  /// Call again after each Want until Done.
  virtual IoOutcome handshake() = 0;
  virtual IoOutcome read(char* into, size_t bytes) = 0;
  /// MUST be repeated with at least the same bytes after a Want.
  virtual IoOutcome write(std::string_view bytes) = 0;
  /// True when read() can make progress although the socket is not readable.
  virtual bool has_buffered() const = 0;
  /// Tells the peer that nothing follows, as far as that is possible without waiting.
  virtual void close_write() = 0;
  /// The proven identity, if any. After the handshake.
  virtual std::optional<PeerCertificate> peer() const = 0;
};

}  // namespace charter
