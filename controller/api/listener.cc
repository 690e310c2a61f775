#include "controller/api/listener.h"

#include "controller/base/log.h"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace charter {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;

/// Pause after running out of descriptors: long enough not to spin, short enough not to be noticed.
constexpr auto kAcceptPause = std::chrono::milliseconds(50);
/// Clients that may wait to be accepted; the kernel caps it at net.core.somaxconn.
constexpr int kBacklog = 4096;

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

bool is_exhaustion(const boost::system::error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

Error listen_error(const boost::system::error_code& error, const std::string& where) {
  if (error == asio::error::address_in_use) {
    return Error{Code::Conflict, "cannot listen on " + where + ": the address is in use"};
  }
  return Error{Code::Invalid, "cannot listen on " + where + ": the address cannot be used"};
}

}  // namespace

Result<std::shared_ptr<Listener>> Listener::open(std::shared_ptr<ServerContext> context,
                                                 std::vector<std::shared_ptr<WireLoop>> loops) {
  const HttpServerOptions& options = context->options();
  const std::string where = options.address + ":" + std::to_string(options.port);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) return Error{Code::Invalid, "cannot listen on " + where + ": not an IP address"};
  const Tcp::endpoint endpoint(address, options.port);
  Acceptor acceptor(loops.front()->io());
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kBacklog, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error) return listen_error(error, where);
  ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
  return std::make_shared<Listener>(std::move(acceptor), std::move(context), std::move(loops));
}

Listener::Listener(Acceptor acceptor, std::shared_ptr<ServerContext> context,
                   std::vector<std::shared_ptr<WireLoop>> loops)
    : acceptor_(std::move(acceptor)),
      context_(std::move(context)),
      loops_(std::move(loops)),
      timer_(loops_.front()->io()),
      reserve_(open_reserve()) {
  boost::system::error_code error;
  port_ = acceptor_.local_endpoint(error).port();
}

Listener::~Listener() {
  if (reserve_ >= 0) ::close(reserve_);
}

void Listener::close() {
  asio::post(loops_.front()->io(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->timer_.cancel();
  });
}

void Listener::accept() {
  if (!acceptor_.is_open()) return;
  WireLoop& loop = *loops_[turn_++ % loops_.size()];
  acceptor_.async_accept(loop.io(),
                         [self = shared_from_this(), &loop](const boost::system::error_code& error,
                                                            Tcp::socket socket) {
                           self->on_accept(error, loop, std::move(socket));
                         });
}

void Listener::on_accept(const boost::system::error_code& error, WireLoop& loop,
                         WireLoop::Socket socket) {
  if (error == asio::error::operation_aborted) return;
  if (is_exhaustion(error)) {
    shed();
    return pause();
  }
  if (!error && context_->open_connection()) {
    ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
    loop.adopt(std::move(socket));
  } else if (!error) {
    context_->count_refused_connection();  // at the cap: the socket closes here
  }
  accept();  // other errors concern one client that is gone
}

// Without this, a client in the backlog would wait in vain and the listening socket would stay
// readable for ever.
void Listener::shed() {
  log_warn("http", "out of file descriptors or memory, shedding a connection");
  context_->count_refused_connection();
  if (reserve_ >= 0) ::close(reserve_);
  const int client = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC);
  if (client >= 0) ::close(client);
  reserve_ = open_reserve();
}

void Listener::pause() {
  timer_.expires_after(kAcceptPause);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error) self->accept();
  });
}

}  // namespace charter
