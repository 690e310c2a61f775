#pragma once

#include "controller/api/connection_stream.h"
#include "controller/base/result.h"

#include <memory>
#include <string>

namespace charter {

/// Server certificate, accepted client issuers and the rules of the handshake: TLS 1.2 and up, ALPN
/// http/1.1, session tickets, client certificate optional. Immutable, shared by connections; a
/// reload makes a new one.
class TlsContext {
 public:
  /// `client_ca_pem` empty: no client certificate is asked for. Errors: Invalid.
  static Result<std::shared_ptr<TlsContext>> make(const std::string& certificate_pem,
                                                  const std::string& key_pem,
                                                  const std::string& client_ca_pem);
  virtual ~TlsContext() = default;
  /// A server-side stream over a connected, non-blocking socket. Null when memory is out.
  virtual std::unique_ptr<WireStream> accept(int socket) = 0;
};

}  // namespace charter
