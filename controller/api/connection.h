#pragma once

#include "controller/api/connection_loop.h"
#include "controller/api/connection_responder.h"
#include "controller/api/connection_stream.h"
#include "controller/api/http_request_reader.h"
#include "controller/api/http_response_writer.h"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace charter {

/// One accepted connection: an explicit state machine, one request at a time, on its loop's thread
/// only.
///
///   phase      waits for                      deadline              then
///   Handshake  socket                         handshake             Reading, Closed
///   Reading    socket                         idle, head or body    Running (a whole request),
///   Writing (refused) Running    the handler                    none, the API's duty  Writing,
///   Streaming Writing    socket (write)                 write, if no progress Reading, Lingering,
///   Closed Streaming  socket (both), ready, wake-up  write or wake_after   Writing (last chunk),
///   Closed Lingering  socket, to read what was sent  linger                Closed
///              before the refusal arrived
///
/// Invariants: a request is handed out only when the answer before it is queued; at most one read
/// wait and one write wait are outstanding; `body_` is set exactly in Streaming.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(WireLoop& loop, std::shared_ptr<ServerContext> context, WireLoop::Socket socket);

  void start();
  /// The answer of a handler that has returned. It is sent in the flow's turn.
  void answer(HttpResponse response, Lease lease);
  /// Takes the answer of a handler that is still on the stack; false when none is.
  bool answer_in_handler(HttpResponse& response, Lease& lease);
  /// The stream has something.
  void wake();
  /// Ends the connection as soon as the running request is answered; streams end now, in order.
  void drain();
  /// Ends everything at once.
  void close();
  /// Whom the work of this connection is counted to.
  const Flow& flow() const { return *flow_; }
  /// Called by the loop in the flow's turn.
  void run(WireLoop::Step step);

 private:
  enum class Phase { Handshake, Reading, Running, Writing, Streaming, Lingering, Closed };
  /// What a reading connection waits for; each has its own deadline, set once and not renewed by
  /// trickling bytes.
  enum class Awaited { Nothing, Request, Head, Body };
  using Timer = boost::asio::steady_timer;

  // connection.cc: events
  void wait_read();
  void wait_write();
  void on_socket();
  void later(WireLoop::Step step);
  void set_deadline(Duration after);
  void arm_timer();
  void expire();
  void shake_hands();

  // connection_request.cc: bytes to requests
  void read_more();
  void await_more();
  void take_input(std::string_view bytes);
  void serve_pending();
  void serve(std::string_view input);
  bool advance_reader(std::string_view& input);
  bool accept_head();
  void tell_flow();
  void keep_rest(std::string_view rest);
  void dispatch();
  void refuse(HttpResponse response);
  void discard_input();

  // connection_answer.cc: answers to bytes
  void begin_answer(HttpResponse response);
  void send_answer();
  void begin_stream(HttpResponse response);
  void end_stream();
  void pump();
  void watch_for_close();
  void flush();
  void after_flush();
  void next_request();

  WireLoop& loop_;
  const std::shared_ptr<ServerContext> context_;
  WireLoop::Socket socket_;
  Timer timer_;
  std::unique_ptr<WireStream> stream_;
  Phase phase_ = Phase::Handshake;
  bool read_waiting_ = false;
  bool write_waiting_ = false;
  bool timer_armed_ = false;
  bool draining_ = false;
  Timer::time_point deadline_ = Timer::time_point::max();
  Timer::time_point armed_for_ = Timer::time_point::max();

  std::optional<PeerCertificate> peer_;
  std::string remote_;
  FlowPtr flow_;
  size_t flow_source_ = 0;  // hash of the Authorization that flow_ was made from; 0: none yet
  std::unique_ptr<RequestReader>
      reader_;  // none while streaming: an idle watcher needs no 600 bytes of it
  std::string
      pending_;  // bytes read but not used: part of a request, or the requests after a running one
  Awaited awaited_ = Awaited::Nothing;

  AnswerForm form_;
  bool reads_ = false;  // the request is a GET
  Lease lease_;
  bool in_handler_ = false;
  std::optional<HttpResponse> answered_in_handler_;
  std::unique_ptr<HttpResponse> answer_;  // has come, and waits for its turn
  OutQueue out_;
  bool blocked_ = false;  // the peer took less than there was
  bool flush_posted_ = false;
  bool linger_ = false;  // closing now would reset the connection and lose the refusal
  std::unique_ptr<BodyStream> body_;
  FlowPtr stream_flow_;  // who opened it
  std::shared_ptr<StreamWaker> waker_;
  bool more_ = false;  // call next() as soon as everything is written
};

}  // namespace charter
