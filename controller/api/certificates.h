#pragma once

#include "controller/base/clock.h"
#include "controller/base/result.h"

#include <string>
#include <vector>

// The certificates of a standalone server, made at first start: P-256 keys, X.509 v3. No openssl
// command is needed.
namespace charter {

/// A certificate and its private key, PEM.
struct CertifiedKey {
  std::string certificate_pem;
  std::string key_pem;
  bool operator==(const CertifiedKey&) const = default;
};

/// A self-signed CA. Errors: InternalError.
Result<CertifiedKey> make_ca(const std::string& common_name, Instant now, Duration lifetime);

/// What a leaf certificate says.
struct LeafRequest {
  enum class Use { Server, Client };
  Use use = Use::Server;
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};

/// A leaf signed by `ca`. Errors: Invalid for bad names or a CA that does not parse.
Result<CertifiedKey> issue_certificate(const CertifiedKey& ca, const LeafRequest& request,
                                       Instant now, Duration lifetime);

/// A kubeconfig (YAML) for one cluster, user and context named `name`, everything inline.
std::string make_kubeconfig(const std::string& name, const std::string& server_url,
                            const std::string& ca_pem, const CertifiedKey& client);

}  // namespace charter
