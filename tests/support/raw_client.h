#pragma once

#include "controller/api/certificates.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace charter::testing {

/// One parsed HTTP response.
struct RawResponse {
  int status = 0;  ///< 0: the connection ended or nothing came in time
  std::string head;
  std::string body;  ///< chunks joined
  /// Value of a header, compared without case; empty when absent.
  std::string header(std::string_view name) const;
};

/// How a RawClient connects.
struct RawClientOptions {
  uint16_t port = 0;
  std::string ca_pem;                      ///< what the server is verified against
  const CertifiedKey* identity = nullptr;  ///< client certificate
  std::vector<std::string> alpn = {};
  int version_max = 0;           ///< OpenSSL's TLS1_…_VERSION, 0: newest
  int receive_buffer_bytes = 0;  ///< SO_RCVBUF, to make a slow reader
};

/// A blocking TLS client that sends exactly the bytes it is told to. Each read gives up after ten
/// seconds.
class RawClient {
 public:
  /// Null when connecting or the handshake fails.
  static std::unique_ptr<RawClient> connect(const RawClientOptions& options);
  /// A TCP connection without TLS, for handshake tests.
  static std::unique_ptr<RawClient> connect_plain(uint16_t port);
  ~RawClient();

  bool send(std::string_view bytes);
  /// Reads up to and with `marker`; what was read so far when the peer closes.
  std::string read_until(std::string_view marker);
  /// Exactly `count` bytes, fewer when the peer closes.
  std::string read_bytes(size_t count);
  /// The next response; `method` HEAD has no body.
  RawResponse read_response(std::string_view method = "GET");
  /// One chunk's payload of a chunked body; empty at its end.
  std::string read_chunk();
  RawResponse get(const std::string& path);
  /// True when the peer closes without sending anything more.
  bool is_closed_by_peer();
  /// Sends FIN, without waiting.
  void close();
  std::string alpn() const;
  /// The certificate that the server showed.
  std::string peer_certificate_pem() const;
  int socket() const;

  struct State;

 private:
  explicit RawClient(std::unique_ptr<State> state);
  bool fill();
  std::unique_ptr<State> state_;
};

}  // namespace charter::testing
