#pragma once

#include "controller/api/connection_loop.h"

#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace charter {

/// Accepts connections and deals them out to the loops in turn. Runs on the first loop. Never dies:
/// out of file descriptors it sheds one waiting client with the help of a descriptor kept in
/// reserve, then waits a little.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Acceptor = boost::asio::ip::tcp::acceptor;

  /// Errors: Conflict when the address is in use, Invalid when it cannot be used.
  static Result<std::shared_ptr<Listener>> open(std::shared_ptr<ServerContext> context,
                                                std::vector<std::shared_ptr<WireLoop>> loops);
  Listener(Acceptor acceptor, std::shared_ptr<ServerContext> context,
           std::vector<std::shared_ptr<WireLoop>> loops);
  ~Listener();

  uint16_t port() const { return port_; }
  void start() { accept(); }
  /// Stops accepting. Any thread.
  void close();

 private:
  void accept();
  void on_accept(const boost::system::error_code& error, WireLoop& loop, WireLoop::Socket socket);
  void shed();
  void pause();

  Acceptor acceptor_;
  const std::shared_ptr<ServerContext> context_;
  const std::vector<std::shared_ptr<WireLoop>> loops_;
  boost::asio::steady_timer timer_;
  size_t turn_ = 0;
  int reserve_ = -1;  // given up for the moment it takes to shed one client
  uint16_t port_ = 0;
};

}  // namespace charter
