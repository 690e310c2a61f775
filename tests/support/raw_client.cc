#include "tests/support/raw_client.h"

#include "controller/api/certificate_openssl.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace charter::testing {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
}

int open_socket(uint16_t port, int receive_buffer_bytes) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{10, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer_bytes > 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

openssl::ContextPtr make_context(const RawClientOptions& options) {
  openssl::ContextPtr context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  if (!options.ca_pem.empty()) {
    const auto issuers = openssl::parse_certificates(options.ca_pem);
    for (const openssl::X509Ptr& issuer : *issuers)
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), issuer.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (options.version_max != 0) SSL_CTX_set_max_proto_version(context.get(), options.version_max);
  if (options.version_max != 0 && options.version_max < TLS1_2_VERSION) {
    SSL_CTX_set_security_level(context.get(), 0);
  }
  if (options.identity != nullptr) {
    const auto chain = openssl::parse_certificates(options.identity->certificate_pem);
    const auto key = openssl::parse_key(options.identity->key_pem);
    SSL_CTX_use_certificate(context.get(), chain->front().get());
    SSL_CTX_use_PrivateKey(context.get(), key->get());
  }
  std::string protocols;
  for (const std::string& name : options.alpn)
    protocols += static_cast<char>(name.size()) + name;
  SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  return context;
}

}  // namespace

std::string RawResponse::header(std::string_view name) const {
  const std::string wanted = "\r\n" + lower(name) + ": ";
  const std::string all = lower(head);
  const size_t at = all.find(wanted);
  if (at == std::string::npos) return "";
  const size_t start = at + wanted.size();
  return head.substr(start, head.find("\r\n", start) - start);
}

/// Socket, TLS and what was read but not yet asked for.
struct RawClient::State {
  int fd = -1;
  openssl::ContextPtr context;
  openssl::SslPtr ssl;
  std::string input;
  bool ended = false;
  bool timed_out = false;
};

RawClient::RawClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
RawClient::~RawClient() {
  close();
}

std::unique_ptr<RawClient> RawClient::connect(const RawClientOptions& options) {
  auto state = std::make_unique<State>();
  state->fd = open_socket(options.port, options.receive_buffer_bytes);
  if (state->fd < 0) return nullptr;
  state->context = make_context(options);
  state->ssl.reset(SSL_new(state->context.get()));
  SSL_set_fd(state->ssl.get(), state->fd);
  const bool ok = SSL_connect(state->ssl.get()) == 1;
  std::unique_ptr<RawClient> client(new RawClient(std::move(state)));
  if (!ok) return nullptr;
  return client;
}

std::unique_ptr<RawClient> RawClient::connect_plain(uint16_t port) {
  auto state = std::make_unique<State>();
  state->fd = open_socket(port, 0);
  if (state->fd < 0) return nullptr;
  return std::unique_ptr<RawClient>(new RawClient(std::move(state)));
}

bool RawClient::send(std::string_view bytes) {
  if (!state_->ssl) {
    return ::send(state_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  return SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(bytes.size())) ==
         static_cast<int>(bytes.size());
}

bool RawClient::fill() {
  if (state_->ended || state_->fd < 0) return false;
  char block[16 * 1024];
  errno = 0;
  const ssize_t n = state_->ssl ? SSL_read(state_->ssl.get(), block, sizeof block)
                                : ::recv(state_->fd, block, sizeof block, 0);
  if (n <= 0) {
    state_->ended = true;
    state_->timed_out = errno == EAGAIN;
    return false;
  }
  state_->input.append(block, static_cast<size_t>(n));
  return true;
}

std::string RawClient::read_until(std::string_view marker) {
  size_t at = 0;
  while ((at = state_->input.find(marker)) == std::string::npos) {
    if (!fill()) return std::exchange(state_->input, {});
  }
  std::string out = state_->input.substr(0, at + marker.size());
  state_->input.erase(0, out.size());
  return out;
}

std::string RawClient::read_bytes(size_t count) {
  while (state_->input.size() < count && fill()) {
  }
  std::string out = state_->input.substr(0, count);
  state_->input.erase(0, out.size());
  return out;
}

RawResponse RawClient::read_response(std::string_view method) {
  RawResponse out;
  out.head = read_until("\r\n\r\n");
  if (out.head.size() < 12) return out;
  out.status = std::atoi(out.head.c_str() + 9);
  if (method == "HEAD" || out.status == 100) return out;
  const std::string length = out.header("content-length");
  if (!length.empty()) {
    out.body = read_bytes(static_cast<size_t>(std::atoll(length.c_str())));
  } else if (out.header("transfer-encoding") == "chunked") {
    for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk())
      out.body += chunk;
  }
  return out;
}

std::string RawClient::read_chunk() {
  const std::string line = read_until("\r\n");
  const size_t size = std::strtoull(line.c_str(), nullptr, 16);
  std::string chunk = read_bytes(size + 2);
  chunk.resize(chunk.size() < 2 ? 0 : chunk.size() - 2);
  return chunk;
}

RawResponse RawClient::get(const std::string& path) {
  send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
  return read_response();
}

bool RawClient::is_closed_by_peer() {
  if (!state_->input.empty()) return false;
  while (fill()) {
    if (!state_->input.empty()) return false;
  }
  return !state_->timed_out;
}

void RawClient::close() {
  if (state_->fd >= 0) ::close(std::exchange(state_->fd, -1));
}

std::string RawClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(state_->ssl.get(), &name, &size);
  return std::string(reinterpret_cast<const char*>(name), size);
}

std::string RawClient::peer_certificate_pem() const {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(bio.get(), SSL_get0_peer_certificate(state_->ssl.get()));
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

int RawClient::socket() const {
  return state_->fd;
}

}  // namespace charter::testing
