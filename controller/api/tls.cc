#include "controller/api/tls.h"

#include "controller/api/certificate_openssl.h"
#include "controller/api/tls_identity.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <sys/socket.h>

namespace charter {
namespace {

using openssl::ContextPtr;
using openssl::SslPtr;

// OpenSSL's own socket BIO uses write(2), which raises SIGPIPE when the peer is gone; this one does
// not. The socket's number is the BIO's data; the connection owns the socket.
int socket_of(BIO* bio) {
  return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
}

bool would_block() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int bio_read(BIO* bio, char* into, int size) {
  const ssize_t n = ::recv(socket_of(bio), into, static_cast<size_t>(size), 0);
  BIO_clear_retry_flags(bio);
  if (n < 0 && would_block()) BIO_set_retry_read(bio);
  if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(n);
}

int bio_write(BIO* bio, const char* from, int size) {
  const ssize_t n = ::send(socket_of(bio), from, static_cast<size_t>(size), MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (n < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "charter socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    return made;
  }();
  return method;
}

/// One TLS connection, server side.
class TlsStream final : public WireStream {
 public:
  TlsStream(std::shared_ptr<TlsContext> context, SslPtr ssl)
      : context_(std::move(context)), ssl_(std::move(ssl)) {}

  IoOutcome handshake() override {
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_.get()), 0);
  }

  IoOutcome read(char* into, size_t bytes) override {
    ERR_clear_error();
    size_t n = 0;
    const int result = SSL_read_ex(ssl_.get(), into, bytes, &n);
    return outcome(result, n);
  }

  IoOutcome write(std::string_view bytes) override {
    ERR_clear_error();
    size_t n = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &n);
    return outcome(result, n);
  }

  bool has_buffered() const override { return SSL_has_pending(ssl_.get()) == 1; }

  void close_write() override {
    ERR_clear_error();
    if (usable_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
  }

  std::optional<PeerCertificate> peer() const override {
    // Verified by the handshake: with SSL_VERIFY_PEER a certificate that does not verify never gets
    // here.
    X509* certificate = SSL_get0_peer_certificate(ssl_.get());
    if (certificate == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK)
      return std::nullopt;
    return certificate_identity(certificate);
  }

 private:
  IoOutcome outcome(int result, size_t bytes) {
    using Kind = IoOutcome::Kind;
    if (result > 0) return {Kind::Done, bytes};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {Kind::WantRead};
      case SSL_ERROR_WANT_WRITE:
        return {Kind::WantWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {Kind::Closed};
      default:
        usable_ = false;  // SSL_shutdown must not be called after a fatal error
        ERR_clear_error();
        return {Kind::Failed};
    }
  }

  std::shared_ptr<TlsContext> context_;
  SslPtr ssl_;
  bool usable_ = true;
};

/// The SSL_CTX behind TlsContext.
class OpensslContext final : public TlsContext,
                             public std::enable_shared_from_this<OpensslContext> {
 public:
  explicit OpensslContext(ContextPtr context) : context_(std::move(context)) {}

  std::unique_ptr<WireStream> accept(int socket) override {
    SslPtr ssl(SSL_new(context_.get()));
    BIO* bio = BIO_new(socket_method());
    if (!ssl || bio == nullptr) {
      BIO_free(bio);
      return nullptr;
    }
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_accept_state(ssl.get());
    return std::make_unique<TlsStream>(shared_from_this(), std::move(ssl));
  }

 private:
  ContextPtr context_;
};

/// HTTP/1.1 is all that is spoken here; a client that insists on something else is told so in the
/// handshake.
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  constexpr std::string_view kHttp11 = "http/1.1";
  for (unsigned at = 0; at < in_size; at += in[at] + 1U) {
    const std::string_view offered(reinterpret_cast<const char*>(in + at + 1), in[at]);
    if (offered != kHttp11) continue;
    *out = in + at + 1;
    *out_size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

void set_rules(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // RELEASE_BUFFERS: an idle watch keeps no 34 KiB of record buffers. PARTIAL_WRITE: one record a
  // call, so that a long list cannot hold a wire thread.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);  // one recv a record instead of two
  // Tickets need no memory here; the session cache would.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 1);
  SSL_CTX_set_alpn_select_cb(context, select_protocol, nullptr);
}

Status use_certificate(SSL_CTX* context, const std::string& certificate_pem,
                       const std::string& key_pem) {
  CHARTER_TRY_ASSIGN(const auto chain, openssl::parse_certificates(certificate_pem));
  CHARTER_TRY_ASSIGN(const auto key, openssl::parse_key(key_pem));
  bool ok = SSL_CTX_use_certificate(context, chain.front().get()) == 1;
  for (size_t i = 1; i < chain.size(); ++i) {
    ok = ok && SSL_CTX_add1_chain_cert(context, chain[i].get()) == 1;
  }
  ok = ok && SSL_CTX_use_PrivateKey(context, key.get()) == 1;
  ok = ok && SSL_CTX_check_private_key(context) == 1;
  ERR_clear_error();
  if (!ok) return Error{Code::Invalid, "the private key does not belong to the certificate"};
  return {};
}

Status use_client_ca(SSL_CTX* context, const std::string& client_ca_pem) {
  if (client_ca_pem.empty()) return {};
  CHARTER_TRY_ASSIGN(const auto issuers, openssl::parse_certificates(client_ca_pem));
  bool ok = true;
  for (const openssl::X509Ptr& issuer : issuers) {
    ok = ok && X509_STORE_add_cert(SSL_CTX_get_cert_store(context), issuer.get()) == 1;
    ok = ok && SSL_CTX_add_client_CA(context, issuer.get()) == 1;
  }
  // Without a session id context, resumption with client certificates fails the handshake.
  constexpr std::string_view kSessions = "charter";
  ok = ok && SSL_CTX_set_session_id_context(
                 context, reinterpret_cast<const unsigned char*>(kSessions.data()),
                 static_cast<unsigned>(kSessions.size())) == 1;
  ERR_clear_error();
  if (!ok) return Error{Code::Invalid, "the client CA cannot be used"};
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return {};
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::string& certificate_pem,
                                                     const std::string& key_pem,
                                                     const std::string& client_ca_pem) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return Error{Code::InternalError, "TLS cannot be set up"};
  set_rules(context.get());
  CHARTER_TRY(use_certificate(context.get(), certificate_pem, key_pem));
  CHARTER_TRY(use_client_ca(context.get(), client_ca_pem));
  return std::shared_ptr<TlsContext>(std::make_shared<OpensslContext>(std::move(context)));
}

}  // namespace charter
