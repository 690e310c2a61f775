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
  /// Reads DIR/pki/ca.crt and DIR/pki/admin.{crt,key}.
  Target(const std::string& data_dir, int port);
  ~Target();
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  int port() const { return port_; }
  /// The OpenSSL context (SSL_CTX), which only connection.cc looks into.
  void* context() const { return context_; }

 private:
  int port_;
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

 private:
  struct State;
  void write_request(const Call& call);
  size_t fill();
  int read_head();
  void read_body();
  std::string_view read_chunk();
  std::unique_ptr<State> state_;
};

}  // namespace charter::bench
