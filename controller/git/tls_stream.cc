#include "controller/git/tls_stream.h"

#include "controller/git/wire.h"

#include <git2.h>
#include <git2/sys/stream.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

namespace charter {
namespace {

constexpr size_t kRecordBytes = 16 * 1024;  // what TLS sends at once

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};

/// One connection. The base is what libgit2 knows of it.
struct TlsStream : git_stream {
  TlsStream() : git_stream{} {}
  std::string host, port;
  int socket = -1;
  std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>> context;
  std::unique_ptr<SSL, Freed<SSL_free>> tls;
  // What goes to and comes from the socket; the session owns both.
  BIO* incoming = nullptr;
  BIO* outgoing = nullptr;
};

TlsStream& stream_of(git_stream* parent) {
  return *static_cast<TlsStream*>(parent);
}

Error not_trusted(const Wire& wire, const std::string& why) {
  return Error{Code::Forbidden, wire.url().text() + ": the certificate is not trusted: " + why,
               kGitHostNotTrusted};
}

std::string why_not(long result) {
  switch (result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "it is another host's";
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "it, or one above it, has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "it, or one above it, is not valid yet";
    default:
      return "no authority that is trusted vouches for it";
  }
}

/// Trusts the authorities of a PEM text and nothing else.
bool trust(SSL_CTX* context, const std::string& pem) {
  const std::unique_ptr<BIO, Freed<BIO_free_all>> text(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  X509_STORE* const store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (true) {
    const std::unique_ptr<X509, Freed<X509_free>> one(
        PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    if (X509_STORE_add_cert(store, one.get()) != 1) return false;
    ++count;
  }
  ERR_clear_error();  // the end of the text is told as an error
  return count > 0;
}

bool begin_session(Wire& wire, TlsStream& stream) {
  stream.context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* const context = stream.context.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
    return false;
  const std::string& bundle = wire.credentials().ca_bundle;
  if (bundle.empty() ? SSL_CTX_set_default_verify_paths(context) != 1 : !trust(context, bundle)) {
    wire.fail(Error{Code::Invalid, "the CA bundle holds no certificate in PEM form", kGitInvalid});
    return false;
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  stream.tls.reset(SSL_new(context));
  SSL* const tls = stream.tls.get();
  stream.incoming = BIO_new(BIO_s_mem());
  stream.outgoing = BIO_new(BIO_s_mem());
  if (tls == nullptr || stream.incoming == nullptr || stream.outgoing == nullptr) return false;
  SSL_set_bio(tls, stream.incoming, stream.outgoing);
  // Names and addresses are looked for in different fields of a certificate.
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), stream.host.c_str()) == 1) return true;
  return SSL_set1_host(tls, stream.host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(tls, stream.host.c_str()) == 1;
}

/// Sends what the session has made.
bool flush(Wire& wire, TlsStream& stream) {
  char bytes[kRecordBytes];
  int size = 0;
  while ((size = BIO_read(stream.outgoing, bytes, sizeof bytes)) > 0) {
    for (int sent = 0; sent < size;) {
      const ssize_t more =
          ::send(stream.socket, bytes + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
      if (more > 0) {
        sent += static_cast<int>(more);
      } else if (errno != EINTR && errno != EAGAIN) {
        return false;
      } else if (wire.wait(stream.socket, POLLOUT) != 0) {
        return false;
      }
    }
  }
  return true;
}

/// Gives the session more of what came. Returns the number of bytes, 0 at the end, -1 after an
/// error.
ssize_t refill(Wire& wire, TlsStream& stream) {
  char bytes[kRecordBytes];
  while (true) {
    const ssize_t size = ::recv(stream.socket, bytes, sizeof bytes, 0);
    if (size > 0) {
      if (!wire.take(static_cast<size_t>(size))) return -1;
      return BIO_write(stream.incoming, bytes, static_cast<int>(size)) == size ? size : -1;
    }
    if (size == 0) return 0;
    if (errno != EINTR && errno != EAGAIN) return -1;
    if (wire.wait(stream.socket, POLLIN) != 0) return -1;
  }
}

/// Calls `step` (an SSL_… function) until it needs nothing more of the socket. Returns its result;
/// at the end of the stream 0.
template <class Step>
int drive(Wire& wire, TlsStream& stream, Step step) {
  while (true) {
    if (!wire.in_time()) return -1;
    ERR_clear_error();
    const int result = step(stream.tls.get());
    const int need = SSL_get_error(stream.tls.get(), result);
    if (!flush(wire, stream)) return -1;
    if (result > 0) return result;
    if (need == SSL_ERROR_ZERO_RETURN) return 0;
    if (need != SSL_ERROR_WANT_READ && need != SSL_ERROR_WANT_WRITE) return -1;
    if (need == SSL_ERROR_WANT_READ) {
      const ssize_t got = refill(wire, stream);
      if (got <= 0) return static_cast<int>(got);
    }
  }
}

int failed(const char* what) {
  git_error_set_str(GIT_ERROR_NET, what);
  return -1;
}

int connect_stream(git_stream* parent) {
  TlsStream& stream = stream_of(parent);
  Wire* const wire = Wire::current();
  if (wire == nullptr) return failed("no call");
  if (stream.host != wire->url().host || stream.port != wire->url().port) {
    wire->fail(Error{Code::Invalid,
                     wire->url().text() + ": redirects to another host, which would be given the "
                                          "credentials; name that one if it is meant",
                     kGitInvalid});
    return failed("redirected");
  }
  stream.socket = connect_socket(*wire, stream.host, stream.port);
  if (stream.socket < 0) return failed("not connected");
  if (!begin_session(*wire, stream)) return failed("no session");
  if (drive(*wire, stream, SSL_connect) > 0) return 0;
  const long result = SSL_get_verify_result(stream.tls.get());
  if (result != X509_V_OK) wire->fail(not_trusted(*wire, why_not(result)));
  wire->fail(Error{Code::ServiceUnavailable, wire->url().text() + ": does not speak TLS",
                   kGitUnreachable});
  return failed("no handshake");
}

int no_certificate(git_cert** certificate, git_stream* parent) {
  *certificate = nullptr;
  (void)parent;
  return failed("checked by the handshake");
}

Wire* wire_of(const TlsStream& stream) {
  return stream.tls ? Wire::current() : nullptr;
}

void broke(Wire& wire) {
  wire.fail(Error{Code::ServiceUnavailable, wire.url().text() + ": the connection broke",
                  kGitUnreachable});
}

ssize_t read_stream(git_stream* parent, void* into, size_t most) {
  TlsStream& stream = stream_of(parent);
  Wire* const wire = wire_of(stream);
  if (wire == nullptr) return failed("not connected");
  const int size = static_cast<int>(std::min<size_t>(most, kRecordBytes));
  const int got = drive(*wire, stream, [&](SSL* tls) { return SSL_read(tls, into, size); });
  if (got >= 0) return got;
  broke(*wire);
  return failed("broken");
}

ssize_t write_stream(git_stream* parent, const char* bytes, size_t size, int flags) {
  (void)flags;
  TlsStream& stream = stream_of(parent);
  Wire* const wire = wire_of(stream);
  if (wire == nullptr) return failed("not connected");
  const int part = static_cast<int>(std::min<size_t>(size, kRecordBytes));
  const int put = drive(*wire, stream, [&](SSL* tls) { return SSL_write(tls, bytes, part); });
  if (put > 0) return put;
  broke(*wire);
  return failed("broken");
}

int close_stream(git_stream* parent) {
  TlsStream& stream = stream_of(parent);
  stream.tls.reset();
  stream.context.reset();
  if (stream.socket >= 0) ::close(stream.socket);
  stream.socket = -1;
  return 0;
}

void free_stream(git_stream* parent) {
  close_stream(parent);
  delete &stream_of(parent);
}

int make_stream(git_stream** made, const char* host, const char* port) {
  auto stream = std::make_unique<TlsStream>();
  stream->host = host;
  stream->port = port;
  stream->version = GIT_STREAM_VERSION;
  stream->encrypted = 1;
  stream->connect = connect_stream;
  stream->certificate = no_certificate;
  stream->read = read_stream;
  stream->write = write_stream;
  stream->close = close_stream;
  stream->free = free_stream;
  *made = stream.release();
  return 0;
}

int refuse_stream(git_stream** made, const char*, const char*) {
  *made = nullptr;
  return failed("only TLS is spoken");
}

}  // namespace

int register_tls_stream() {
  git_stream_registration tls{GIT_STREAM_VERSION, make_stream, nullptr};
  git_stream_registration plain{GIT_STREAM_VERSION, refuse_stream, nullptr};
  const int result = git_stream_register(GIT_STREAM_TLS, &tls);
  return result < 0 ? result : git_stream_register(GIT_STREAM_STANDARD, &plain);
}

}  // namespace charter
