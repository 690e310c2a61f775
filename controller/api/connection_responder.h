#pragma once

#include "controller/api/connection_loop.h"

#include <atomic>
#include <memory>
#include <utility>

namespace charter {

/// The receiving end of one Respond: brings the answer to the connection's thread, from any thread,
/// even after the connection or the server is gone. A handler that drops its Respond unanswered
/// gets a 500 for its client.
class Responder {
 public:
  Responder(WireLoop& loop, std::weak_ptr<Connection> connection,
            std::shared_ptr<ServerContext> context, Lease lease);
  ~Responder();
  Responder(const Responder&) = delete;
  Responder& operator=(const Responder&) = delete;

  /// At most once.
  void respond(HttpResponse response);

 private:
  void deliver(WireLoop& loop, HttpResponse response);

  const std::weak_ptr<WireLoop> loop_;
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<ServerContext> context_;
  Lease lease_;
  std::atomic<bool> answered_ = false;
};

/// The receiving end of one stream's on_ready. Many calls become one wake-up.
class StreamWaker {
 public:
  StreamWaker(WireLoop& loop, std::weak_ptr<Connection> connection);
  /// Any thread.
  void ready();
  /// Loop thread: calls from here on cause another wake-up. Before `next`, so that none is lost.
  void rearm() { pending_ = false; }

 private:
  const std::weak_ptr<WireLoop> loop_;
  const std::weak_ptr<Connection> connection_;
  std::atomic<bool> pending_ = false;
};

}  // namespace charter
