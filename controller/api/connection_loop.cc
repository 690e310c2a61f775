#include "controller/api/connection_loop.h"

#include "controller/api/connection.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

namespace charter {
namespace {

/// Streams woken before other events of the loop get a turn.
constexpr size_t kWakesPerTurn = 256;

}  // namespace

WireLoop::WireLoop(std::shared_ptr<ServerContext> context)
    : context_(std::move(context)), io_(1), work_(boost::asio::make_work_guard(io_)) {}

WireLoop::~WireLoop() = default;

void WireLoop::run() {
  io_.run();
}

void WireLoop::adopt(Socket socket) {
  boost::asio::post(io_, [this, taken = std::move(socket)]() mutable {
    auto connection = std::make_shared<Connection>(*this, context_, std::move(taken));
    connections_.emplace(connection.get(), connection);
    if (draining_) return connection->close();
    connection->start();
  });
}

void WireLoop::wake(std::weak_ptr<Connection> connection) {
  {
    const std::lock_guard lock(mutex_);
    woken_.push_back(std::move(connection));
    if (woken_.size() > 1) return;
  }
  boost::asio::post(io_, [this] { run_woken(); });
}

void WireLoop::run_woken() {
  std::vector<std::weak_ptr<Connection>> turn;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    const size_t count = std::min(kWakesPerTurn, woken_.size());
    turn.assign(std::make_move_iterator(woken_.begin()),
                std::make_move_iterator(woken_.begin() + static_cast<std::ptrdiff_t>(count)));
    woken_.erase(woken_.begin(), woken_.begin() + static_cast<std::ptrdiff_t>(count));
    more = !woken_.empty();
  }
  if (more) boost::asio::post(io_, [this] { run_woken(); });
  for (const auto& weak : turn) {
    if (auto connection = weak.lock()) schedule(std::move(connection), &Connection::wake);
  }
}

void WireLoop::schedule(std::shared_ptr<Connection> connection, Step step) {
  const std::string& flow = connection->flow().name;
  due_.push(flow, Due{std::move(connection), step}, 0);  // charged when it has run
  if (!turn_posted_) post_turn();
}

void WireLoop::post_turn() {
  turn_posted_ = true;
  boost::asio::post(io_, [this] { turn(); });
}

bool WireLoop::is_turn_over() const {
  return thread_cpu_time() - turn_began_ >= limits::kLoopTurn;
}

void WireLoop::turn() {
  turn_posted_ = false;
  Duration before = turn_began_ = thread_cpu_time();
  while (!due_.empty()) {
    const auto [flow, due] = due_.take();
    due.connection->run(due.step);
    const Duration now = thread_cpu_time();
    // A request may have said who asks only while it ran.
    due_.charge(due.connection->flow().name, static_cast<uint64_t>((now - before).count()));
    before = now;
    if (now - turn_began_ >= limits::kLoopTurn) break;
  }
  if (!due_.empty() && !turn_posted_) post_turn();
}

std::vector<std::shared_ptr<Connection>> WireLoop::snapshot() const {
  std::vector<std::shared_ptr<Connection>> out;
  out.reserve(connections_.size());
  for (const auto& [_, connection] : connections_)
    out.push_back(connection);
  return out;
}

void WireLoop::drain() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    for (const auto& connection : snapshot())
      connection->drain();
    remove(nullptr);
  });
}

void WireLoop::remove(Connection* connection) {
  connections_.erase(connection);
  if (!draining_ || !connections_.empty()) return;
  const std::lock_guard lock(mutex_);
  drained_ = true;
  changed_.notify_all();
}

bool WireLoop::wait_until_drained(Duration deadline) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, deadline, [this] { return drained_; });
}

void WireLoop::finish() {
  boost::asio::post(io_, [this] {
    draining_ = true;
    for (const auto& connection : snapshot())
      connection->close();
    // Not io_.stop(): handlers that never run would keep their owners, and through them this loop,
    // alive.
    work_.reset();
  });
}

}  // namespace charter
