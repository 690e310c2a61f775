#include "tests/drivers/socket_proxy.h"

#include "controller/base/check.h"

#include <cstdint>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr uint32_t kRemoteProgram = 0x20008086;
constexpr uint32_t kCall = 0, kReply = 1;
constexpr size_t kHeader = 28;  // length, program, version, procedure, type, serial, status

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  CHECK(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

bool read_all(int from, char* to, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t now = ::read(from, to + done, size - done);
    if (now <= 0) return false;
    done += static_cast<size_t>(now);
  }
  return true;
}

bool write_all(int to, const std::string& bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t now = ::send(to, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (now <= 0) return false;
    done += static_cast<size_t>(now);
  }
  return true;
}

uint32_t word(const std::string& message, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i)
    value = value << 8 | static_cast<unsigned char>(message[at + i]);
  return value;
}

/// One message with its length; empty at the connection's end.
std::string read_message(int from) {
  std::string message(4, '\0');
  if (!read_all(from, message.data(), 4)) return "";
  const uint32_t size = word(message, 0);
  if (size < kHeader || size > (64u << 20)) return "";
  message.resize(size);
  return read_all(from, message.data() + 4, size - 4) ? message : "";
}

bool is_a(const std::string& message, uint32_t type) {
  return word(message, 4) == kRemoteProgram && word(message, 16) == type;
}

void end(int one, int other) {
  ::shutdown(one, SHUT_RDWR);
  ::shutdown(other, SHUT_RDWR);
}

}  // namespace

SocketProxy::SocketProxy(std::string listen, std::string target)
    : listen_(std::move(listen)), target_(std::move(target)) {
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(listen_);
  CHECK(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  CHECK(::listen(socket_, 16) == 0);
  accepting_ = std::thread([this] { accept_all(); });
}

SocketProxy::~SocketProxy() {
  ::shutdown(socket_, SHUT_RDWR);
  accepting_.join();
  for (auto& pair : pairs_) {
    end(pair.client, pair.daemon);
    pair.up.join();
    pair.down.join();
    ::close(pair.client);
    ::close(pair.daemon);
  }
  ::close(socket_);
}

void SocketProxy::lose_reply(int nth) {
  happened_ = false;
  replies_left_ = nth;
}

void SocketProxy::before_call(int nth, std::function<void()> act) {
  {
    const std::lock_guard lock(mutex_);
    act_ = std::move(act);
  }
  happened_ = false;
  calls_left_ = nth;
}

bool SocketProxy::is_it(std::atomic<int>& left) {
  int now = left;
  while (now > 0 && !left.compare_exchange_weak(now, now - 1)) {
  }
  return now == 1;
}

void SocketProxy::accept_all() {
  while (true) {
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int daemon = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_un address = address_of(target_);
    if (::connect(daemon, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(client);
      ::close(daemon);
      continue;
    }
    const std::lock_guard lock(mutex_);
    pairs_.push_back({client, daemon,
                      std::thread([this, client, daemon] { pump_calls(client, daemon); }),
                      std::thread([this, client, daemon] { pump_replies(daemon, client); })});
  }
}

void SocketProxy::pump_calls(int from, int to) {
  for (std::string message = read_message(from); !message.empty(); message = read_message(from)) {
    if (is_a(message, kCall) && is_it(calls_left_)) {
      std::function<void()> act;
      {
        const std::lock_guard lock(mutex_);
        act = act_;
      }
      act();
      happened_ = true;
    }
    if (!write_all(to, message)) break;
  }
  end(from, to);
}

void SocketProxy::pump_replies(int from, int to) {
  for (std::string message = read_message(from); !message.empty(); message = read_message(from)) {
    if (is_a(message, kReply) && is_it(replies_left_)) {
      happened_ = true;
      break;
    }
    if (!write_all(to, message)) break;
  }
  end(from, to);
}

}  // namespace charter
