#include "controller/cli/webhook_certificates.h"

#include "controller/api/certificate_facts.h"
#include "controller/base/base64.h"
#include "controller/base/log.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace charter {
namespace {

const Gvr kSecrets{"", "v1", "secrets"};
constexpr Duration kWebhookCaLife = std::chrono::hours(24 * 365);
constexpr Duration kLeafLife = std::chrono::hours(24 * 30);
// API servers learn of a new bundle by watches of their own, within seconds. Until all have, the
// old CA's leaves are the ones that everybody trusts.
constexpr Duration kKnownEverywhere = std::chrono::minutes(5);
constexpr size_t kBundleMax = 2;  // the CA that signs and the one before it
constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";

std::string decoded(const Json& secret, const char* key) {
  return decode_base64(text_at(secret, {"data", key})).value_or("");
}

std::vector<std::string> certificates_in(const std::string& bundle) {
  std::vector<std::string> all;
  for (size_t from = 0; from < bundle.size();) {
    const size_t end = bundle.find(kEnd, from);
    if (end == std::string::npos) break;
    all.push_back(bundle.substr(from, end + kEnd.size() - from));
    from = end + kEnd.size();
  }
  return all;
}

bool is_address(const std::string& host) {
  return host.find(':') != std::string::npos ||
         host.find_first_not_of("0123456789.") == std::string::npos;
}

LeafRequest leaf_request(const std::vector<std::string>& hosts) {
  LeafRequest request;
  request.common_name = hosts.front();
  for (const std::string& host : hosts)
    (is_address(host) ? request.ip_addresses : request.dns_names).push_back(host);
  return request;
}

bool is_due(const std::string& certificate_pem, Instant now) {
  const auto facts = certificate_facts(certificate_pem);
  return !facts || renewal_due(*facts) <= now;
}

}  // namespace

WebhookCertificates::WebhookCertificates(Client& client, ObjectName secret,
                                         std::vector<std::string> hosts, const Clock& clock)
    : client_(client), secret_(std::move(secret)), hosts_(std::move(hosts)), clock_(clock) {}

Json WebhookCertificates::document(const std::string& bundle, const std::string& key) const {
  Json secret = current_ ? current_->tree() : Json::object();
  secret["apiVersion"] = "v1";
  secret["kind"] = "Secret";
  secret["type"] = "kubernetes.io/tls";
  secret["metadata"]["namespace"] = secret_.ns;
  secret["metadata"]["name"] = secret_.name;
  secret["data"] = {{"tls.crt", encode_base64(bundle)}, {"tls.key", encode_base64(key)}};
  return secret;
}

Status WebhookCertificates::read(const ObjectPtr& found) {
  const Json secret = found->tree();
  const std::string bundle = decoded(secret, "tls.crt");
  const auto all = certificates_in(bundle);
  CertifiedKey signer{all.empty() ? "" : all.front(), decoded(secret, "tls.key")};
  if (const Status usable = check_pair(signer, clock_.now()); !usable) {
    return Error{Code::Invalid, "secret " + to_string(secret_) +
                                    " cannot sign the webhooks' certificates: " +
                                    usable.error().message + "; delete it to have it made anew"};
  }
  if (signer.certificate_pem != signer_.certificate_pem) signer_since_ = clock_.now();
  current_ = found;
  bundle_ = bundle;
  signer_ = std::move(signer);
  return {};
}

Result<WebhookMaterial> WebhookCertificates::look() {
  auto found = client_.get(kSecrets, secret_);
  if (!found && found.error().code == Code::NotFound) {
    CHARTER_TRY_ASSIGN(const CertifiedKey ca,
                       make_ca("charter-webhooks", clock_.now(), kWebhookCaLife));
    current_.reset();
    auto made = client_.create(kSecrets, document(ca.certificate_pem, ca.key_pem));
    // Another replica was faster: its CA it is.
    if (!made && made.error().code != Code::AlreadyExists) return Error(made.error());
    found = client_.get(kSecrets, secret_);
  }
  if (!found) return Error(found.error());
  CHARTER_TRY(read(*found));
  const Instant now = clock_.now();
  if (!is_leaf_good(now)) {
    CHARTER_TRY_ASSIGN(leaf_, issue_certificate(signer_, leaf_request(hosts_), now, kLeafLife));
  }
  return WebhookMaterial{{leaf_.certificate_pem, leaf_.key_pem, ""}, bundle_};
}

bool WebhookCertificates::is_leaf_good(Instant now) const {
  if (leaf_.certificate_pem.empty() || is_due(leaf_.certificate_pem, now)) return false;
  if (is_signed_by(leaf_.certificate_pem, signer_.certificate_pem)) return true;
  if (now - signer_since_ >= kKnownEverywhere) return false;
  const auto trusted = certificates_in(bundle_);
  return std::any_of(trusted.begin(), trusted.end(), [this](const std::string& ca) {
    return is_signed_by(leaf_.certificate_pem, ca);
  });
}

Status WebhookCertificates::rotate(
    const std::function<Status(const std::string& ca_bundle)>& publish) {
  const Instant now = clock_.now();
  if (signer_.certificate_pem.empty() || !is_due(signer_.certificate_pem, now)) return {};
  CHARTER_TRY_ASSIGN(const CertifiedKey next, make_ca("charter-webhooks", now, kWebhookCaLife));
  std::string bundle = next.certificate_pem;
  const auto old = certificates_in(bundle_);
  for (size_t i = 0; i < old.size() && i + 1 < kBundleMax; ++i)
    bundle += old[i];
  // First trusted, then used: a call between the two finds the old leaf and a bundle with both.
  CHARTER_TRY(publish(bundle));
  CHARTER_TRY(client_.update(kSecrets, document(bundle, next.key_pem), Part::Main));
  log_info("operator", "the webhooks' certificate authority was replaced");
  return {};
}

}  // namespace charter
