#include "controller/api/certificate_facts.h"

#include "controller/api/certificate_openssl.h"

#include <openssl/err.h>

namespace charter {
namespace {

/// Instant ends in 2262; certificates with "no expiry" say 9999.
constexpr int kLastYear = 2261;

Result<Instant> instant_of(const ASN1_TIME* time) {
  tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1)
    return Error{Code::Invalid, "the certificate has no valid dates"};
  if (fields.tm_year + 1900 > kLastYear) return Instant::max();
  const std::chrono::year_month_day date{
      std::chrono::year(fields.tm_year + 1900),
      std::chrono::month(static_cast<unsigned>(fields.tm_mon + 1)),
      std::chrono::day(static_cast<unsigned>(fields.tm_mday))};
  return Instant(std::chrono::sys_days(date).time_since_epoch()) +
         std::chrono::hours(fields.tm_hour) + std::chrono::minutes(fields.tm_min) +
         std::chrono::seconds(fields.tm_sec);
}

}  // namespace

Result<CertificateFacts> certificate_facts(const std::string& certificate_pem) {
  CHARTER_TRY_ASSIGN(const auto certificates, openssl::parse_certificates(certificate_pem));
  const X509* first = certificates.front().get();
  CertificateFacts out;
  CHARTER_TRY_ASSIGN(out.not_before, instant_of(X509_get0_notBefore(first)));
  CHARTER_TRY_ASSIGN(out.not_after, instant_of(X509_get0_notAfter(first)));
  return out;
}

Instant renewal_due(const CertificateFacts& facts) {
  return facts.not_before + (facts.not_after - facts.not_before) / 3 * 2;
}

Status check_pair(const CertifiedKey& pair, Instant now) {
  CHARTER_TRY_ASSIGN(const auto certificates, openssl::parse_certificates(pair.certificate_pem));
  CHARTER_TRY_ASSIGN(const openssl::KeyPtr key, openssl::parse_key(pair.key_pem));
  const bool fits = X509_check_private_key(certificates.front().get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) return Error{Code::Invalid, "the private key does not belong to the certificate"};
  CHARTER_TRY_ASSIGN(const CertificateFacts facts, certificate_facts(pair.certificate_pem));
  if (facts.not_after <= now)
    return Error{Code::Invalid, "the certificate ended at " + format_time(facts.not_after)};
  return {};
}

bool is_signed_by(const std::string& certificate_pem, const std::string& ca_pem) {
  const auto certificates = openssl::parse_certificates(certificate_pem);
  const auto issuers = openssl::parse_certificates(ca_pem);
  if (!certificates || !issuers) return false;
  EVP_PKEY* key = X509_get0_pubkey(issuers->front().get());
  const bool good = key != nullptr && X509_verify(certificates->front().get(), key) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace charter
