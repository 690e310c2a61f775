#include "drivers/libvirt/connection.h"

#include "controller/base/memory_file.h"
#include "controller/base/scratch_folder.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/event_loop.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/meaning.h"
#include "drivers/libvirt/ssh_tunnel.h"

#include <libvirt/virterror.h>

#include <filesystem>
#include <string>

namespace charter::libvirt {
namespace {

// The table in the header; the first that fits counts.
constexpr Meaning kOverTls[] = {
    {"Failed to verify peer's certificate", kHostNotTrusted,
     "the host's certificate is not of an authority in ca.crt of the Secret, has expired, or is "
     "for another name"},
    {"Unable to read TLS confirmation", kNotAllowed,
     "the daemon refuses our certificate: it does not trust its authority, or its "
     "tls_allowed_dn_list does not name us"},
    {"import CA certificate", kInvalidCredentials, "ca.crt of the Secret cannot be read"},
    {"Our own certificate", kInvalidCredentials,
     "tls.crt of the Secret is not of an authority in its ca.crt"},
    {"cacert.pem", kInvalidCredentials, "ca.crt of the Secret has expired, or is no authority's"},
    {"has expired", kInvalidCredentials, "tls.crt of the Secret has expired"},
    {"not yet active", kInvalidCredentials, "tls.crt of the Secret is not valid yet"},
    {"do not match", kInvalidCredentials, "tls.key of the Secret is not the key of its tls.crt"},
    {"set x509 key and certificate", kInvalidCredentials, "tls.key of the Secret cannot be read"},
    {"import client certificate", kInvalidCredentials, "tls.crt of the Secret cannot be read"},
    {"clientcert.pem", kInvalidCredentials, "tls.crt of the Secret is not for clients"},
    {"TLS handshake failed", nullptr, "what answers there does not speak TLS with us"},
    {"resolve address", nullptr, "there is no host of this name"},
    {"unable to connect to server", nullptr, "nothing answers there"},
};

/// This thread's last failure to connect over TLS.
Error tls_error(const Address& address) {
  return meaning_of(kOverTls, last_text(), address.uri,
                    "the connection failed (libvirt error " + std::to_string(last_code()) + ")");
}

/// Adds a link to a directory, because libvirt looks for certificates by name below one.
bool link(const ScratchFolder& folder, const char* name, const MemoryFile& file) {
  std::error_code failed;
  if (!folder.path().empty() && !file.path().empty())
    std::filesystem::create_symlink(file.path(), folder.path() / name, failed);
  return !folder.path().empty() && !file.path().empty() && !failed;
}

const std::string& value_of(const Address& address, const char* key) {
  return address.credentials.at(key);  // check_credentials was asked before
}

/// nullptr: libvirt left an error.
Connect open(const std::string& uri) {
  Connect connection(virConnectOpen(uri.c_str()));
  if (!connection) return connection;
  // Not every driver has keep-alive (the one of test:// has not), and local ones do not need it.
  virConnectSetKeepAlive(connection.get(), limits::kLibvirtKeepAliveSeconds,
                         limits::kLibvirtKeepAliveCount);
  return connection;
}

Result<Connect> open_over_tls(const Address& address) {
  const MemoryFile authority(value_of(address, kCaKey));
  const MemoryFile certificate(value_of(address, kCertificateKey));
  const MemoryFile key(value_of(address, kTlsKeyKey));
  const ScratchFolder folder("pki");
  if (!link(folder, "cacert.pem", authority) || !link(folder, "clientcert.pem", certificate) ||
      !link(folder, "clientkey.pem", key))
    return Error{Code::ServiceUnavailable,
                 "this server has no memory, or no room below /tmp, to log in"};
  Connect connection = open(address.uri + "?pkipath=" + folder.path().string());
  if (!connection) return tls_error(address);
  return connection;
}

Result<Connect> open_over_ssh(const Address& address) {
  SshTunnel tunnel(address);
  CHARTER_TRY(tunnel.start());
  Connect connection = open(tunnel.uri());
  if (!connection) return tunnel.explain();
  tunnel.release();
  return connection;
}

}  // namespace

Result<Connect> open_connection(const Address& address) {
  ensure_event_loop();
  CHARTER_TRY(check_credentials(address));
  switch (transport_of(address.uri)) {
    case Transport::Tls:
      return open_over_tls(address);
    case Transport::Ssh:
      return open_over_ssh(address);
    case Transport::Local:
      break;
  }
  Connect connection = open(address.uri);
  if (!connection) return last_error_unlogged("connecting");
  return connection;
}

}  // namespace charter::libvirt
