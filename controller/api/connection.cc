#include "controller/api/connection.h"

#include "controller/api/tls.h"

namespace charter {
namespace {

std::string describe(const boost::asio::ip::tcp::endpoint& peer) {
  const std::string address = peer.address().to_string();
  const std::string host = peer.address().is_v6() ? "[" + address + "]" : address;
  return host + ":" + std::to_string(peer.port());
}

}  // namespace

Connection::Connection(WireLoop& loop, std::shared_ptr<ServerContext> context,
                       WireLoop::Socket socket)
    : loop_(loop),
      context_(std::move(context)),
      socket_(std::move(socket)),
      timer_(loop.io()),
      reader_(std::make_unique<RequestReader>()) {}

void Connection::start() {
  boost::system::error_code error;
  const auto peer = socket_.remote_endpoint(error);
  if (!error) remote_ = describe(peer);
  flow_ = context_->flow_of_client(remote_);
  if (!error) socket_.non_blocking(true, error);
  if (error) return close();
  socket_.set_option(boost::asio::ip::tcp::no_delay(true), error);
  socket_.set_option(boost::asio::socket_base::keep_alive(true), error);
  stream_ = context_->tls()->accept(socket_.native_handle());
  if (!stream_) return close();
  set_deadline(context_->options().handshake_timeout);
  later(&Connection::on_socket);
}

void Connection::shake_hands() {
  switch (stream_->handshake().kind) {
    case IoOutcome::Kind::Done:
      peer_ = stream_->peer();
      phase_ = Phase::Reading;
      return read_more();
    case IoOutcome::Kind::WantRead:
      return wait_read();
    case IoOutcome::Kind::WantWrite:
      return wait_write();
    case IoOutcome::Kind::Closed:
    case IoOutcome::Kind::Failed:
      return close();
  }
}

void Connection::wait_read() {
  if (read_waiting_) return;
  read_waiting_ = true;
  socket_.async_wait(WireLoop::Socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->read_waiting_ = false;
                       self->later(&Connection::on_socket);
                     });
}

void Connection::wait_write() {
  if (write_waiting_) return;
  write_waiting_ = true;
  socket_.async_wait(WireLoop::Socket::wait_write,
                     [self = shared_from_this()](const boost::system::error_code&) {
                       self->write_waiting_ = false;
                       self->later(&Connection::on_socket);
                     });
}

// Readable and writable are not told apart: TLS may need either for both directions, and a try that
// can do nothing costs one system call.
void Connection::on_socket() {
  switch (phase_) {
    case Phase::Handshake:
      return shake_hands();
    case Phase::Reading:
      return read_more();
    case Phase::Writing:
      return flush();
    case Phase::Streaming:
      if (!read_waiting_) watch_for_close();
      if (phase_ == Phase::Streaming && !write_waiting_ && !out_.empty()) flush();
      return;
    case Phase::Lingering:
      return discard_input();
    case Phase::Running:  // not read: the next wait is told at once about what is already there
      if (!out_.empty()) flush();
      return;
    case Phase::Closed:
      return;
  }
}

void Connection::later(WireLoop::Step step) {
  if (phase_ != Phase::Closed) loop_.schedule(shared_from_this(), step);
}

void Connection::run(WireLoop::Step step) {
  if (phase_ != Phase::Closed) (this->*step)();
}

// The timer is moved only to fire earlier: a busy connection changes its deadline with every
// request, and reading the clock is far cheaper than re-arming.
void Connection::set_deadline(Duration after) {
  deadline_ = Timer::clock_type::now() + after;
  if (!timer_armed_ || deadline_ < armed_for_) arm_timer();
}

void Connection::arm_timer() {
  timer_armed_ = true;
  armed_for_ = deadline_;
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || self->phase_ == Phase::Closed) return;
    self->timer_armed_ = false;
    if (self->deadline_ == Timer::time_point::max()) return;
    if (Timer::clock_type::now() < self->deadline_) return self->arm_timer();
    self->expire();
  });
}

void Connection::expire() {
  deadline_ = Timer::time_point::max();
  if (phase_ == Phase::Running) return;
  if (phase_ != Phase::Streaming || !out_.empty()) return close();
  later(&Connection::pump);  // wake_after has passed
}

void Connection::drain() {
  draining_ = true;
  form_.afterwards = AnswerForm::Afterwards::Close;
  switch (phase_) {
    case Phase::Handshake:
    case Phase::Reading:
    case Phase::Lingering:
      return close();
    case Phase::Streaming:
      end_stream();
      return flush();
    case Phase::Running:
    case Phase::Writing:
    case Phase::Closed:
      return;
  }
}

void Connection::close() {
  if (phase_ == Phase::Closed) return;
  const auto self = shared_from_this();  // the loop's reference goes away below
  phase_ = Phase::Closed;
  if (body_) context_->close_stream(*stream_flow_);
  body_.reset();
  answer_.reset();
  lease_.release();
  out_.clear();
  if (stream_) stream_->close_write();
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  context_->close_connection();
  loop_.remove(this);
}

}  // namespace charter
