#pragma once

#include "controller/base/result.h"
#include "drivers/credentials.h"

#include <string>
#include <string_view>

// Where a hypervisor is and how we get there. Pure.
//
//   URI                                        way                        its Secret holds
//   test:///default                            none: inside the library   -
//   qemu:///system, qemu:///session,           a socket of this machine   -
//   qemu+unix:///system?socket=PATH
//   qemu+tls://HOST[:PORT]/system              TLS, both sides with a     ca.crt, tls.crt, tls.key
//                                              certificate
//   qemu+ssh://USER@HOST[:PORT]/system,        SSH, with a key            ssh-privatekey,
//   qemu+ssh://USER@HOST[:PORT]/session                                   known_hosts
//
// A URI of libvirt can name programs to run and files to read or trust, so only these forms are
// taken, and no parameter but `socket` of a local one.
namespace charter::libvirt {

/// How an endpoint is reached.
enum class Transport { Local, Tls, Ssh };

/// Names of keys in the Secret: those of Kubernetes' types kubernetes.io/tls and
/// kubernetes.io/ssh-auth.
inline constexpr const char* kCaKey = "ca.crt";
inline constexpr const char* kCertificateKey = "tls.crt";
inline constexpr const char* kTlsKeyKey = "tls.key";
inline constexpr const char* kSshKeyKey = "ssh-privatekey";
inline constexpr const char* kKnownHostsKey = "known_hosts";

/// One endpoint, as its Provider states it.
struct Address {
  std::string uri;          ///< without a secret: it may be shown
  Credentials credentials;  ///< empty for a local one
  bool operator==(const Address&) const = default;
};

/// Why this URI is not connected to; empty when it is.
std::string uri_problem(std::string_view uri);

/// Of a URI without problem.
Transport transport_of(std::string_view uri);

/// What a URI without problem over SSH says.
struct SshPlace {
  std::string user, host, port;  ///< port 22 if none is stated; host without brackets
  std::string hypervisor;        ///< as a URI on that host: "qemu:///system"
};
SshPlace ssh_place_of(std::string_view uri);

/// Whether the credentials have the form that the URI's transport needs; whether they are accepted
/// only the endpoint knows. Errors: ServiceUnavailable with reason InvalidCredentials, naming the
/// key in the Secret.
Status check_credentials(const Address& address);

}  // namespace charter::libvirt
