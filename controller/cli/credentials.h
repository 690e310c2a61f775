#pragma once

#include <optional>
#include <string>

#include "controller/api/certificates.h"

// The files a standalone server keeps beside its store: CA, server certificate and the administrator's kubeconfig. Made at first start; keys and
// kubeconfig are readable by the owner only.
namespace charter {

/// What the listener needs.
struct Credentials {
  std::string ca_pem;
  CertifiedKey server;
  CertifiedKey admin;
};

/// Loads or makes `data_dir`/pki; renews leaf certificates that end within a month. Errors: InternalError naming the file.
Result<Credentials> load_credentials(const std::string& data_dir, const std::string& listen_address, Instant now);

/// Writes `data_dir`/kubeconfig (0600) for `server_url`, unless it already says the same.
Status write_kubeconfig(const std::string& data_dir, const std::string& server_url, const Credentials& credentials);

/// The text of a file; nothing when it can't be read.
std::optional<std::string> read_file(const std::string& path);

/// Replaces a file atomically with the given mode. Errors: InternalError naming the file.
Status write_file(const std::string& path, const std::string& text, unsigned mode);

}  // namespace charter
