#include "controller/api/certificates.h"

#include "controller/api/certificate_openssl.h"
#include "controller/base/check.h"

#include <openssl/err.h>
#include <openssl/rand.h>

namespace charter {
namespace {

using openssl::KeyPtr;
using openssl::X509Ptr;

/// Clients' clocks may be behind ours.
constexpr Duration kBackdate = std::chrono::minutes(5);

Error failed(const char* what) {
  ERR_clear_error();
  return Error{Code::InternalError, std::string("cannot make a certificate: ") + what};
}

/// 127 random bits: positive, at most 20 octets, unguessable (CA/Browser Forum asks for 64).
Status set_serial(X509* certificate) {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) return failed("no random bytes");
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);
  BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
  const bool ok =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
  return ok ? Status() : Status(failed("serial number"));
}

bool set_time(ASN1_TIME* target, Instant at) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
  return ASN1_TIME_adj(target, static_cast<time_t>(seconds), 0, 0) != nullptr;
}

bool add_name(X509_NAME* name, int nid, const std::string& text) {
  return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  const bool ok = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return ok;
}

/// Version 3, serial, validity and public key: what CA and leaf have in common.
Result<X509Ptr> blank_certificate(EVP_PKEY* key, Instant now, Duration lifetime) {
  X509Ptr certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) {
    return failed("out of memory");
  }
  CHARTER_TRY(set_serial(certificate.get()));
  if (!set_time(X509_getm_notBefore(certificate.get()), now - kBackdate) ||
      !set_time(X509_getm_notAfter(certificate.get()), now + lifetime) ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return failed("validity or key");
  }
  return certificate;
}

Result<CertifiedKey> finish(X509* certificate, EVP_PKEY* key, EVP_PKEY* signer) {
  if (X509_sign(certificate, signer, EVP_sha256()) == 0) return failed("signature");
  CertifiedKey out;
  CHARTER_TRY_ASSIGN(out.certificate_pem, openssl::write_certificate(certificate));
  CHARTER_TRY_ASSIGN(out.key_pem, openssl::write_key(key));
  return out;
}

Result<KeyPtr> generate_key() {
  KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return failed("key");
  return key;
}

/// One subject alternative name of the given type; takes over `value`.
bool push_name(GENERAL_NAMES* names, int type, void* value) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (name == nullptr || value == nullptr) return false;
  GENERAL_NAME_set0_value(name, type, value);
  if (sk_GENERAL_NAME_push(names, name) > 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

bool is_dns_name(const std::string& name) {
  if (name.empty() || name.size() > 253) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*") ==
         std::string::npos;
}

Status fill_alternative_names(GENERAL_NAMES* names, const LeafRequest& request) {
  for (const std::string& dns : request.dns_names) {
    if (!is_dns_name(dns)) return Error{Code::Invalid, "not a DNS name: " + dns};
    ASN1_IA5STRING* value = ASN1_IA5STRING_new();
    ASN1_STRING_set(value, dns.data(), static_cast<int>(dns.size()));
    if (!push_name(names, GEN_DNS, value)) return failed("DNS name");
  }
  for (const std::string& ip : request.ip_addresses) {
    ASN1_OCTET_STRING* value = a2i_IPADDRESS(ip.c_str());
    ERR_clear_error();
    if (value == nullptr) return Error{Code::Invalid, "not an IP address: " + ip};
    if (!push_name(names, GEN_IPADD, value)) return failed("IP address");
  }
  return {};
}

// Built as structures, not as OpenSSL's "DNS:a,IP:b" text: a comma in a name must not become a
// second name.
Status add_alternative_names(X509* certificate, const LeafRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) return {};
  const std::unique_ptr<GENERAL_NAMES, openssl::Deleter<GENERAL_NAMES_free>> names(
      sk_GENERAL_NAME_new_null());
  CHARTER_TRY(fill_alternative_names(names.get(), request));
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, 0) != 1) {
    return failed("subject alternative names");
  }
  return {};
}

Status set_subject(X509* certificate, const LeafRequest& request) {
  const auto bad = [](const std::string& text) {
    return text.empty() || text.find_first_of(std::string("\0\r\n", 3)) != std::string::npos;
  };
  X509_NAME* subject = X509_get_subject_name(certificate);
  for (const std::string& organization : request.organizations) {
    if (bad(organization) || !add_name(subject, NID_organizationName, organization)) {
      ERR_clear_error();
      return Error{Code::Invalid, "not usable as an organization: " + organization};
    }
  }
  if (bad(request.common_name) || !add_name(subject, NID_commonName, request.common_name)) {
    ERR_clear_error();
    return Error{Code::Invalid, "not usable as a common name: " + request.common_name};
  }
  return {};
}

}  // namespace

Result<CertifiedKey> make_ca(const std::string& common_name, Instant now, Duration lifetime) {
  CHARTER_TRY_ASSIGN(const KeyPtr key, generate_key());
  CHARTER_TRY_ASSIGN(const X509Ptr certificate, blank_certificate(key.get(), now, lifetime));
  X509* raw = certificate.get();
  if (!add_name(X509_get_subject_name(raw), NID_commonName, common_name) ||
      X509_set_issuer_name(raw, X509_get_subject_name(raw)) != 1 ||
      !add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE") ||
      !add_extension(raw, raw, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign") ||
      !add_extension(raw, raw, NID_subject_key_identifier, "hash") ||
      !add_extension(raw, raw, NID_authority_key_identifier, "keyid:always")) {
    return failed("subject or extensions of the CA");
  }
  return finish(raw, key.get(), key.get());
}

Result<CertifiedKey> issue_certificate(const CertifiedKey& ca, const LeafRequest& request,
                                       Instant now, Duration lifetime) {
  CHARTER_TRY_ASSIGN(const auto issuers, openssl::parse_certificates(ca.certificate_pem));
  CHARTER_TRY_ASSIGN(const KeyPtr signer, openssl::parse_key(ca.key_pem));
  X509* issuer = issuers.front().get();
  if (X509_check_private_key(issuer, signer.get()) != 1 || X509_check_ca(issuer) != 1) {
    ERR_clear_error();
    return Error{Code::Invalid, "the issuer is not a CA with its own key"};
  }
  CHARTER_TRY_ASSIGN(const KeyPtr key, generate_key());
  CHARTER_TRY_ASSIGN(const X509Ptr certificate, blank_certificate(key.get(), now, lifetime));
  X509* raw = certificate.get();
  CHARTER_TRY(set_subject(raw, request));
  const char* use = request.use == LeafRequest::Use::Server ? "serverAuth" : "clientAuth";
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer)) != 1 ||
      !add_extension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(raw, issuer, NID_key_usage, "critical,digitalSignature") ||
      !add_extension(raw, issuer, NID_ext_key_usage, use) ||
      !add_extension(raw, issuer, NID_subject_key_identifier, "hash") ||
      !add_extension(raw, issuer, NID_authority_key_identifier, "keyid:always")) {
    return failed("issuer or extensions");
  }
  CHARTER_TRY(add_alternative_names(raw, request));
  return finish(raw, key.get(), signer.get());
}

}  // namespace charter
