#include "drivers/libvirt/connection.h"

#include "controller/base/memory_file.h"
#include "drivers/libvirt/errors.h"
#include "drivers/libvirt/event_loop.h"
#include "drivers/libvirt/limits.h"
#include "drivers/libvirt/ssh_tunnel.h"

#include <libvirt/virterror.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace charter::libvirt {
namespace {

/// A row of the table in the header: the beginning of what libvirt says, and what it means.
struct Meaning {
  const char* said;
  const char* reason;  ///< nullptr: none
  const char* message;
};

// The first that fits counts.
constexpr Meaning kOverTls[] = {
    {"Failed to verify peer's certificate", kHostNotTrusted,
     "the host's certificate is not of an authority in ca.crt of the Secret, has expired, or is "
     "for "
     "another name"},
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
  const std::string text = last_text();
  const std::string at = address.uri + ": ";
  for (const Meaning& meaning : kOverTls) {
    if (text.find(meaning.said) == std::string::npos) continue;
    return {Code::ServiceUnavailable, at + meaning.message,
            meaning.reason == nullptr ? "" : meaning.reason};
  }
  return {Code::ServiceUnavailable,
          at + "the connection failed (libvirt error " + std::to_string(last_code()) + ")"};
}

/// A directory of links, because libvirt looks for certificates by name below one.
class Links {
 public:
  Links() {
    std::error_code failed;
    std::string name =
        (std::filesystem::temp_directory_path(failed) / "charter-pki-XXXXXX").string();
    if (!failed && ::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Links() {
    std::error_code failed;
    if (!path_.empty()) std::filesystem::remove_all(path_, failed);
  }
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  /// Empty: it could not be made.
  const std::string& path() const { return path_; }
  /// False: it could not be made.
  bool add(const char* name, const MemoryFile& file) const {
    std::error_code failed;
    std::filesystem::create_symlink(file.path(), path_ + "/" + name, failed);
    return !failed && !file.path().empty();
  }

 private:
  std::string path_;
};

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
  const Links links;
  if (links.path().empty() || !links.add("cacert.pem", authority) ||
      !links.add("clientcert.pem", certificate) || !links.add("clientkey.pem", key))
    return Error{Code::ServiceUnavailable,
                 "this server has no memory, or no room below /tmp, to log in"};
  Connect connection = open(address.uri + "?pkipath=" + links.path());
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
