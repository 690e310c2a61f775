#pragma once

#include "controller/api/certificates.h"

#include <optional>
#include <string>

// The files a standalone server keeps beside its store: CA, server certificate and the
// administrator's kubeconfig. Made at first start; keys and kubeconfig are readable by the owner
// only.
namespace charter {

/// Life of a CA of our own.
inline constexpr Duration kCaLifetime = std::chrono::hours(24 * 365 * 10);

/// The server's own certificates.
struct Credentials {
  std::string ca_pem;  ///< the first signs, all are trusted (a change of CA, see docs)
  CertifiedKey server;
  CertifiedKey admin;
  bool operator==(const Credentials&) const = default;
};

/// Loads or makes `data_dir`/pki. Server and admin certificates are issued anew when two thirds of
/// their life are over, when the CA that signs is another, and when their files are not usable;
/// with nothing to do it only reads. Errors: InternalError naming the file.
Result<Credentials> load_credentials(const std::string& data_dir, const std::string& listen_address,
                                     Instant now);

/// Writes `data_dir`/kubeconfig (0600) for `server_url`, unless it already says the same.
/// `trusted_pem` is what the server's certificate is verified against.
Status write_kubeconfig(const std::string& data_dir, const std::string& server_url,
                        const std::string& trusted_pem, const CertifiedKey& admin);

/// The text of a file; nothing when it can't be read.
std::optional<std::string> read_file(const std::string& path);

/// Replaces a file atomically with the given mode. Errors: InternalError naming the file.
Status write_file(const std::string& path, const std::string& text, unsigned mode);

}  // namespace charter
