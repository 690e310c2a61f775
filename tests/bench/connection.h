#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

// A keep-alive HTTP/1.1 client over TLS, written by hand so that the generator costs as little of
// the machine as possible.
namespace charter::bench {

/// What ends a measurement: an unexpected answer, a connection that broke. Nothing is measured
/// after it.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where the server is and who asks; shared by all connections.
class Target {
 public:
  /// Reads DIR/pki/ca.crt and, when no token is given, DIR/pki/admin.{crt,key}. With a token its
  /// owner asks.
  Target(const std::string& data_dir, int port, std::string token = {});
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  int port() const { return port_; }
  const std::string& token() const { return token_; }
  /// The OpenSSL context (SSL_CTX), which only connection.cc looks into.
  void* context() const { return context_; }

 private:
  int port_;
  std::string token_;
  void* context_;
};

/// One request.
struct Call {
  std::string_view method = "GET";
  std::string path;
  std::string_view body = {};
  std::string_view content_type = "application/json";
  std::string_view accept = "application/json";
};

/// One whole answer. `body` is valid until the next call on the connection.
struct Reply {
  int status = 0;
  std::string_view body;
};

/// A connection of one thread. Throws Failure.
class Connection {
 public:
  explicit Connection(const Target& target);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Reply send(const Call& call);
  /// Like send, but an answer other than 2xx is a Failure that quotes it.
  Reply expect(const Call& call);
  /// Sends and reads the head only; the body is then read with read_some or next_line.
  void start_stream(const Call& call);
  /// Decrypted bytes of a stream, chunk framing included; empty when there are none right now
  /// (non-blocking).
  std::string_view read_some();
  /// The next line of a chunked stream, without chunk framing.
  std::string next_line();
  void make_nonblocking();
  int socket() const;
  /// Sends without reading the answer, on a non-blocking connection. False when the socket takes no
  /// more: the same call must then come again.
  bool push(const Call& call);
  /// Throws away what has arrived, undecrypted: an attacker's own CPU is not what is measured.
  /// Returns the bytes; throws Failure when the server has closed.
  size_t discard();

 private:
  struct State;
  void compose(const Call& call);
  void write_request(const Call& call);
  size_t fill();
  int read_head();
  void read_body();
  std::string_view read_chunk();
  std::unique_ptr<State> state_;
};

}  // namespace charter::bench
