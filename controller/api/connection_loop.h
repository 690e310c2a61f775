#pragma once

#include "controller/api/http_server_context.h"
#include "controller/base/fair_queue.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace charter {

class Connection;

/// One wire thread's event loop with the connections that live on it. A connection is touched by
/// its loop's thread only; other threads go through post(), wake() and adopt().
///
/// Events do no work themselves: they queue a step of their connection, and turns of at most
/// kLoopTurn take steps from the queue, fairly over flows by the CPU time that each flow has used.
/// Whatever a thousand connections of one tenant ask for, somebody else's request waits for one
/// turn, not for all of them. Between turns the loop looks for new events.
class WireLoop : public std::enable_shared_from_this<WireLoop> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  /// A TLS record's plain text; the unit of both reads and gathered writes.
  static constexpr size_t kScratchBytes = 16 * 1024;

  explicit WireLoop(std::shared_ptr<ServerContext> context);
  ~WireLoop();

  /// The thread's body; returns after finish().
  void run();
  boost::asio::io_context& io() { return io_; }
  bool is_this_thread() { return io_.get_executor().running_in_this_thread(); }

  /// Takes over an accepted socket whose place in the connection cap was taken. Any thread.
  void adopt(Socket socket);
  /// Calls the connection's wake() soon. Any thread; made for a burst from one event to thousands
  /// of watchers.
  void wake(std::weak_ptr<Connection> connection);
  /// Ends what may end now and everything else as soon as it is answered. Any thread.
  void drain();
  /// Waits until drain() has ended every connection; false at the deadline.
  bool wait_until_drained(Duration deadline);
  /// Closes everything and ends run(). Any thread.
  void finish();

  // Loop thread only.
  using Step = void (Connection::*)();
  /// Runs `step` of the connection in its flow's turn, unless it is closed by then.
  void schedule(std::shared_ptr<Connection> connection, Step step);
  /// True when the running step has used up its turn and should schedule what is left.
  bool is_turn_over() const;

  // Loop thread only. Buffers are shared by all connections: an idle one owns none.
  char* read_scratch() { return read_scratch_.data(); }
  char* write_scratch() { return write_scratch_.data(); }
  void remove(Connection* connection);

 private:
  /// A step that is due.
  struct Due {
    std::shared_ptr<Connection> connection;
    Step step;
  };
  void post_turn();
  void turn();
  void run_woken();
  std::vector<std::shared_ptr<Connection>> snapshot() const;

  std::shared_ptr<ServerContext> context_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::array<char, kScratchBytes> read_scratch_;
  std::array<char, kScratchBytes> write_scratch_;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections_;
  bool draining_ = false;
  FairQueue<Due> due_;
  bool turn_posted_ = false;
  Duration turn_began_{};  // CPU time of this thread

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  bool drained_ = false;
  std::deque<std::weak_ptr<Connection>>
      woken_;  // at most one entry a stream; a turn is posted while not empty
};

}  // namespace charter
