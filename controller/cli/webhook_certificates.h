#pragma once

#include "controller/api/certificates.h"
#include "controller/api/http_server.h"
#include "controller/runtime/client.h"

#include <functional>
#include <string>
#include <vector>

// The certificates that the operator's webhooks are called under, managed by the operator itself: a
// CA in a Secret that all replicas share, and a leaf that each issues for itself in memory.
//
//   Secret     tls.crt  the CAs that are trusted, the one that signs first
//              tls.key  its key
//   rotation   two thirds of a CA's life are over: the leader makes the next one, publishes both to
//              the API server *before* anybody signs with the new one, then writes the Secret;
//              replicas change over some minutes later, when every API server knows the new one
//
// Thread contract: one thread.
namespace charter {

/// What a look found.
struct WebhookMaterial {
  TlsMaterial tls;
  std::string ca_bundle;  ///< PEM, what the API server verifies us against
};

/// See above.
class WebhookCertificates {
 public:
  /// `hosts` are what the API server calls us by: names or addresses.
  WebhookCertificates(Client& client, ObjectName secret, std::vector<std::string> hosts,
                      const Clock& clock);

  /// Reads the Secret, makes it when it is missing, and issues the leaf anew when its CA or its age
  /// says so. Errors: the server's, or Invalid for a Secret that cannot be used.
  Result<WebhookMaterial> look();
  /// Replaces the CA when it is due. `publish` makes a bundle known to the API server. For the
  /// leader, after look().
  Status rotate(const std::function<Status(const std::string& ca_bundle)>& publish);

 private:
  Status read(const ObjectPtr& found);
  bool is_leaf_good(Instant now) const;
  Json document(const std::string& bundle, const std::string& key) const;

  Client& client_;
  const ObjectName secret_;
  const std::vector<std::string> hosts_;
  const Clock& clock_;
  ObjectPtr current_;  // the Secret as last seen
  std::string bundle_;
  CertifiedKey signer_;  // the first of the bundle and its key
  Instant signer_since_{};
  CertifiedKey leaf_;
};

}  // namespace charter
