#include "drivers/libvirt/address.h"

#include "controller/base/base64.h"
#include "drivers/libvirt/limits.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace charter::libvirt {
namespace {

constexpr std::array<std::string_view, 3> kHypervisors = {"/default", "/system", "/session"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Letters, digits and `others`; the first is no '-', which a tool could take for an option.
bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && text.front() != '-' && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter_or_digit(c) || others.find(c) != std::string_view::npos;
  });
}

bool is_socket_path(std::string_view path) {
  return path.starts_with('/') && path.find("..") == std::string_view::npos &&
         is_word(path, "/.-_");
}

bool is_port(std::string_view port) {
  constexpr int kMost = 65535;
  int number = 0;
  if (port.empty() || port.size() > 5) return false;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= kMost;
}

/// Cuts the port off "host:port" or "[address]:port".
std::string host_problem(std::string_view host) {
  const size_t bracket = host.rfind(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    if (!is_port(host.substr(colon + 1))) return "port must be a number from 1 to 65535";
    host = host.substr(0, colon);
  }
  const bool numeric = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const bool good = numeric ? is_word(host.substr(1, host.size() - 2), ":.") : is_word(host, ".-");
  return good ? "" : "host must be a name, an IPv4 address or an IPv6 address in brackets";
}

std::string remote_problem(Transport transport, std::string_view place, std::string_view query) {
  if (!query.empty()) return "no parameter is supported: credentials come from spec.credentialsRef";
  const size_t slash = place.find('/');
  std::string_view host = place.substr(0, slash);
  const std::string_view hypervisor = slash == std::string_view::npos ? "" : place.substr(slash);
  const bool ssh = transport == Transport::Ssh;
  if (hypervisor != "/system" && !(ssh && hypervisor == "/session"))
    return ssh ? "path must be /system or /session" : "path must be /system";
  const size_t at = host.rfind('@');
  if (ssh && at == std::string_view::npos)
    return "state the user to log in as: qemu+ssh://USER@HOST/system";
  if (!ssh && at != std::string_view::npos)
    return "over TLS the certificate says who we are: leave the user out";
  if (ssh && !is_word(host.substr(0, at), "._-+"))
    return "user must be letters, digits and ._-+, and no password";
  if (ssh) host.remove_prefix(at + 1);
  return host_problem(host);
}

std::string local_problem(std::string_view scheme, std::string_view place, std::string_view query) {
  if (std::find(kHypervisors.begin(), kHypervisors.end(), place) == kHypervisors.end() ||
      (place == "/default") != (scheme == "test"))
    return "path must be /system or /session, or /default of test";
  if (query.empty()) return "";
  if (!query.starts_with("socket=") || !is_socket_path(query.substr(7)) || scheme == "test")
    return "only the parameter socket with an absolute path is supported";
  return "";
}

Error unusable(const std::string& key, const std::string& why) {
  return {Code::ServiceUnavailable, "spec.credentialsRef: " + key + " of the Secret " + why,
          kInvalidCredentials};
}

bool holds(std::string_view text, std::string_view words) {
  return text.find(words) != std::string_view::npos;
}

Result<std::string> value_of(const Credentials& credentials, const char* key) {
  const auto found = credentials.find(key);
  if (found == credentials.end() || found->second.empty()) return unusable(key, "is missing");
  if (found->second.size() > limits::kCredentialBytesMax) {
    return unusable(key, "has more than " + std::to_string(limits::kCredentialBytesMax) + " bytes");
  }
  return found->second;
}

Status check_certificate(const Credentials& credentials, const char* key) {
  CHARTER_TRY_ASSIGN(const std::string value, value_of(credentials, key));
  if (holds(value, "-----BEGIN CERTIFICATE-----")) return {};
  return unusable(key, "is no certificate in PEM form");
}

/// Whether a key in OpenSSH's own form is encrypted: the word after its magic says by what.
bool is_encrypted_openssh(std::string_view key) {
  static constexpr std::string_view kBegin = "-----BEGIN OPENSSH PRIVATE KEY-----";
  static constexpr std::string_view kMagic("openssh-key-v1\0", 15);
  static constexpr std::string_view kNone("openssh-key-v1\0\0\0\0\4none", 23);
  const size_t begin = key.find(kBegin);
  if (begin == std::string_view::npos) return false;
  key.remove_prefix(begin + kBegin.size());
  const auto bytes = decode_base64(key.substr(0, key.find('-')));
  return bytes && bytes->starts_with(kMagic) && !bytes->starts_with(kNone);
}

Status check_key(const Credentials& credentials, const char* key) {
  CHARTER_TRY_ASSIGN(const std::string value, value_of(credentials, key));
  if (!holds(value, "PRIVATE KEY-----")) return unusable(key, "is no private key in PEM form");
  if (holds(value, "BEGIN ENCRYPTED PRIVATE KEY") || holds(value, "Proc-Type: 4,ENCRYPTED") ||
      is_encrypted_openssh(value))
    return unusable(key, "has a passphrase, which nobody is there to enter: store it without");
  return {};
}

/// At least one line that is no comment.
Status check_known_hosts(const Credentials& credentials) {
  CHARTER_TRY_ASSIGN(const std::string value, value_of(credentials, kKnownHostsKey));
  for (size_t at = 0; at < value.size();) {
    const size_t end = std::min(value.find('\n', at), value.size());
    const size_t first = value.find_first_not_of(" \t\r\n", at);
    if (first < end && value[first] != '#') return {};
    at = end + 1;
  }
  return unusable(kKnownHostsKey, "names no host; ssh-keyscan prints its line");
}

}  // namespace

std::string uri_problem(std::string_view uri) {
  const size_t mark = uri.find('?');
  const std::string_view place = uri.substr(0, mark);
  const std::string_view query = mark == std::string_view::npos ? "" : uri.substr(mark + 1);
  const size_t slashes = place.find("://");
  if (slashes == std::string_view::npos) return "is no URI such as qemu:///system";
  const std::string_view scheme = place.substr(0, slashes);
  const std::string_view rest = place.substr(slashes + 3);
  if (mark != std::string_view::npos && query.empty()) return "ends in a ? without a parameter";
  if (scheme == "qemu+tls") return remote_problem(Transport::Tls, rest, query);
  if (scheme == "qemu+ssh") return remote_problem(Transport::Ssh, rest, query);
  if (scheme == "test" || scheme == "qemu" || scheme == "qemu+unix")
    return local_problem(scheme, rest, query);
  return "transport " + std::string(scheme) +
         " is not supported: only qemu, qemu+unix, qemu+tls, qemu+ssh and test are";
}

Transport transport_of(std::string_view uri) {
  if (uri.starts_with("qemu+tls:")) return Transport::Tls;
  return uri.starts_with("qemu+ssh:") ? Transport::Ssh : Transport::Local;
}

SshPlace ssh_place_of(std::string_view uri) {
  uri.remove_prefix(uri.find("://") + 3);
  const size_t at = uri.find('@');
  const size_t slash = uri.find('/');
  SshPlace place{.user = std::string(uri.substr(0, at)),
                 .host = {},
                 .port = "22",
                 .hypervisor = "qemu://" + std::string(uri.substr(slash))};
  std::string_view host = uri.substr(at + 1, slash - at - 1);
  const size_t bracket = host.rfind(']');
  const size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) place.port = host.substr(colon + 1);
  host = host.substr(0, colon);
  if (bracket != std::string_view::npos) host = host.substr(1, bracket - 1);
  place.host = host;
  return place;
}

Status check_credentials(const Address& address) {
  switch (transport_of(address.uri)) {
    case Transport::Local:
      return {};
    case Transport::Tls:
      CHARTER_TRY(check_certificate(address.credentials, kCaKey));
      CHARTER_TRY(check_certificate(address.credentials, kCertificateKey));
      return check_key(address.credentials, kTlsKeyKey);
    case Transport::Ssh:
      CHARTER_TRY(check_key(address.credentials, kSshKeyKey));
      return check_known_hosts(address.credentials);
  }
  return {};
}

}  // namespace charter::libvirt
