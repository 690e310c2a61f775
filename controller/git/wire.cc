#include "controller/git/wire.h"

#include "controller/git/limits.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace charter {
namespace {

thread_local Wire* current_wire = nullptr;

Error unreachable(const GitUrl& url, const std::string& why) {
  return Error{Code::ServiceUnavailable, url.text() + ": " + why, kGitUnreachable};
}

bool finish_connecting(Wire& wire, int socket) {
  if (wire.wait(socket, POLLOUT) != 0) return false;
  int failed = 0;
  socklen_t size = sizeof failed;
  return ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
}

}  // namespace

Wire::Wire(const GitUrl& url, const GitCredentials& credentials, Duration timeout)
    : url_(url),
      credentials_(credentials),
      deadline_(SystemClock().monotonic() + std::min<Duration>(timeout, limits::kGitTimeoutMax)),
      outer_(current_wire) {
  current_wire = this;
}

Wire::~Wire() {
  current_wire = outer_;
}

Wire* Wire::current() {
  return current_wire;
}

int Wire::left_ms() const {
  const auto left = deadline_ - SystemClock().monotonic();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  return static_cast<int>(std::max<int64_t>(ms, 0));
}

bool Wire::in_time() {
  if (SystemClock().monotonic() < deadline_) return true;
  fail(Error{Code::Timeout, url_.text() + ": did not answer in time", kGitUnreachable});
  return false;
}

int Wire::wait(int descriptor, short events) {
  while (in_time()) {
    pollfd waited{descriptor, events, 0};
    const int ready = ::poll(&waited, 1, left_ms() + 1);
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) {
      fail(unreachable(url_, "the connection broke"));
      return -1;
    }
  }
  return -1;
}

bool Wire::take(size_t bytes) {
  bytes_ += bytes;
  if (bytes_ <= limits::kGitTransferBytesMax) return true;
  fail(Error{Code::RequestEntityTooLarge,
             url_.text() + ": sends more than " +
                 std::to_string(limits::kGitTransferBytesMax >> 20U) +
                 " MiB; the whole history of a reference is fetched, so keep manifests in a "
                 "repository of their own",
             kGitTooLarge});
  return false;
}

void Wire::fail(Error error) {
  if (!error_) error_ = std::move(error);
}

int connect_socket(Wire& wire, const std::string& host, const std::string& port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) {
    wire.fail(unreachable(wire.url(), "the name of the host is not known"));
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  for (const addrinfo* at = list; at != nullptr && wire.in_time(); at = at->ai_next) {
    const int socket = ::socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) continue;
    const bool begun = ::connect(socket, at->ai_addr, at->ai_addrlen) == 0 || errno == EINPROGRESS;
    if (begun && finish_connecting(wire, socket)) return socket;
    ::close(socket);
  }
  wire.fail(unreachable(wire.url(), "nothing answers there"));
  return -1;
}

}  // namespace charter
