#include "tests/bench/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace charter::bench {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

[[noreturn]] void fail_tls(const std::string& what) {
  char text[256] = "no details";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  throw Failure(what + ": " + text);
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const std::string reason = std::strerror(errno);
    if (fd >= 0) ::close(fd);
    throw Failure("connect to port " + std::to_string(port) + ": " + reason);
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

/// Value of a header in a lower-cased search over the head; empty when absent.
std::string_view header(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != std::string_view::npos;
       at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2);
    if (line.size() > name.size() && line[name.size()] == ':' &&
        strncasecmp(line.data(), name.data(), name.size()) == 0) {
      const std::string_view value =
          line.substr(name.size() + 1, line.find("\r\n") - name.size() - 1);
      return value.substr(std::min(value.find_first_not_of(' '), value.size()));
    }
  }
  return {};
}

}  // namespace

Target::Target(const std::string& data_dir, int port, std::string token)
    : port_(port), token_(std::move(token)) {
  const std::string pki = data_dir + "/pki/";
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  context_ = context;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // One record buffer an idle connection would cost the generator 32 KiB with a thousand watchers.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  bool loaded = SSL_CTX_load_verify_locations(context, (pki + "ca.crt").c_str(), nullptr) == 1;
  if (token_.empty()) {
    loaded =
        loaded && SSL_CTX_use_certificate_chain_file(context, (pki + "admin.crt").c_str()) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, (pki + "admin.key").c_str(), SSL_FILETYPE_PEM) == 1;
  }
  if (!loaded) {
    SSL_CTX_free(context);
    fail_tls("identity in " + pki);
  }
}

Target::~Target() {
  SSL_CTX_free(static_cast<SSL_CTX*>(context_));
}

/// Socket, session and what was read but not used yet.
struct Connection::State {
  int fd = -1;
  SSL* ssl = nullptr;
  std::string authorization;  ///< a whole header line, or nothing
  std::string request;
  bool request_unsent = false;  ///< push() could not send it whole
  std::string pending;          ///< bytes from `used` on are not consumed
  size_t used = 0;
  std::string body;
  std::string line;
  std::string some;
  size_t length = 0;
  bool chunked = false;
  bool ended = false;

  std::string_view rest() const { return std::string_view(pending).substr(used); }
  ~State() {
    SSL_free(ssl);
    if (fd >= 0) ::close(fd);
  }
};

Connection::Connection(const Target& target) : state_(std::make_unique<State>()) {
  state_->fd = connect_to(target.port());
  if (!target.token().empty())
    state_->authorization = "\r\nAuthorization: Bearer " + target.token();
  state_->ssl = SSL_new(static_cast<SSL_CTX*>(target.context()));
  SSL_set_fd(state_->ssl, state_->fd);
  if (SSL_connect(state_->ssl) != 1) fail_tls("TLS handshake");
}

Connection::~Connection() = default;

int Connection::socket() const {
  return state_->fd;
}

void Connection::make_nonblocking() {
  fcntl(state_->fd, F_SETFL, fcntl(state_->fd, F_GETFL) | O_NONBLOCK);
}

void Connection::compose(const Call& call) {
  std::string& out = state_->request;
  out.clear();
  out.append(call.method)
      .append(" ")
      .append(call.path)
      .append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: ")
      .append(call.accept)
      .append(state_->authorization);
  if (!call.body.empty()) {
    out.append("\r\nContent-Type: ").append(call.content_type);
    out.append("\r\nContent-Length: ").append(std::to_string(call.body.size()));
  }
  out.append("\r\n\r\n").append(call.body);
}

void Connection::write_request(const Call& call) {
  compose(call);
  const std::string& out = state_->request;
  if (SSL_write(state_->ssl, out.data(), static_cast<int>(out.size())) <= 0) fail_tls("write");
}

bool Connection::push(const Call& call) {
  State& s = *state_;
  if (!std::exchange(s.request_unsent, true)) compose(call);
  const int put = SSL_write(s.ssl, s.request.data(), static_cast<int>(s.request.size()));
  if (put <= 0) {
    const int why = SSL_get_error(s.ssl, put);
    if (why == SSL_ERROR_WANT_WRITE || why == SSL_ERROR_WANT_READ) return false;
    fail_tls("write");
  }
  s.request_unsent = false;
  return true;
}

size_t Connection::discard() {
  size_t total = 0;
  for (int turns = 0; turns < 8; ++turns) {
    const ssize_t got = ::recv(state_->fd, nullptr, size_t{1} << 20, MSG_TRUNC | MSG_DONTWAIT);
    if (got == 0) throw Failure("the server closed the connection");
    if (got < 0 && errno != EAGAIN) throw Failure("the connection was reset");
    if (got < 0) break;
    total += static_cast<size_t>(got);
  }
  return total;
}

size_t Connection::fill() {
  State& s = *state_;
  if (s.used == s.pending.size()) {
    s.pending.clear();
    s.used = 0;
  }
  const size_t before = s.pending.size();
  s.pending.resize(before + kReadBytes);
  const int got = SSL_read(s.ssl, s.pending.data() + before, kReadBytes);
  s.pending.resize(before + static_cast<size_t>(std::max(got, 0)));
  if (got <= 0) fail_tls("the server closed the connection");
  return static_cast<size_t>(got);
}

int Connection::read_head() {
  State& s = *state_;
  size_t end;
  while ((end = s.rest().find("\r\n\r\n")) == std::string_view::npos)
    fill();
  const std::string_view head = s.rest().substr(0, end + 2);
  if (!head.starts_with("HTTP/1.1 "))
    throw Failure("not HTTP/1.1: " + std::string(head.substr(0, 80)));
  const int status = std::atoi(head.data() + 9);
  s.chunked = header(head, "transfer-encoding") == "chunked";
  s.length = 0;
  const std::string_view length = header(head, "content-length");
  std::from_chars(length.data(), length.data() + length.size(), s.length);
  s.used += end + 4;
  s.ended = false;
  return status;
}

std::string_view Connection::read_chunk() {
  State& s = *state_;
  size_t end;
  while ((end = s.rest().find("\r\n")) == std::string_view::npos)
    fill();
  size_t size = 0;
  const std::string_view digits = s.rest().substr(0, end);
  std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  s.used += end + 2;
  while (s.rest().size() < size + 2)
    fill();
  const std::string_view chunk = s.rest().substr(0, size);
  s.used += size + 2;
  s.ended = size == 0;
  return chunk;
}

void Connection::read_body() {
  State& s = *state_;
  s.body.clear();
  if (s.chunked) {
    while (!s.ended)
      s.body.append(read_chunk());
    return;
  }
  while (s.body.size() < s.length) {
    if (s.rest().empty()) fill();
    const std::string_view part = s.rest().substr(0, s.length - s.body.size());
    s.body.append(part);
    s.used += part.size();
  }
}

Reply Connection::send(const Call& call) {
  write_request(call);
  const int status = read_head();
  read_body();
  return {status, state_->body};
}

Reply Connection::expect(const Call& call) {
  const Reply reply = send(call);
  if (reply.status / 100 == 2) return reply;
  throw Failure(std::string(call.method) + " " + call.path + ": " + std::to_string(reply.status) +
                " " + std::string(reply.body.substr(0, 600)));
}

void Connection::start_stream(const Call& call) {
  write_request(call);
  const int status = read_head();
  if (status == 200) return;
  read_body();
  throw Failure(call.path + ": " + std::to_string(status) + " " + state_->body.substr(0, 600));
}

std::string_view Connection::read_some() {
  State& s = *state_;
  if (!s.rest().empty()) {
    s.some.assign(s.rest());
    s.used = s.pending.size();
    return s.some;
  }
  s.some.resize(kReadBytes);
  const int got = SSL_read(s.ssl, s.some.data(), kReadBytes);
  if (got > 0) return std::string_view(s.some).substr(0, static_cast<size_t>(got));
  if (SSL_get_error(s.ssl, got) == SSL_ERROR_WANT_READ) return {};
  fail_tls("a watch was closed by the server");
}

std::string Connection::next_line() {
  State& s = *state_;
  size_t end;
  while ((end = s.line.find('\n')) == std::string::npos) {
    if (s.ended) throw Failure("a watch ended");
    s.line.append(read_chunk());
  }
  std::string out = s.line.substr(0, end);
  s.line.erase(0, end + 1);
  return out;
}

}  // namespace charter::bench
