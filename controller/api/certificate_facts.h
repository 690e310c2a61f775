#pragma once

#include "controller/api/certificates.h"

#include <string>

// What may be known of certificates without a handshake. Pure.
namespace charter {

/// Validity of the first certificate of a PEM text.
struct CertificateFacts {
  Instant not_before;
  Instant not_after;
};

/// Errors: Invalid.
Result<CertificateFacts> certificate_facts(const std::string& certificate_pem);

/// When a certificate of our own is to be replaced: two thirds of its life are over.
Instant renewal_due(const CertificateFacts& facts);

/// Whether a pair can serve at all: both parse, the key belongs to the first certificate, and that
/// has not ended. Errors: Invalid, saying what is wrong; no part of the key.
Status check_pair(const CertifiedKey& pair, Instant now);

/// True when the first certificate of `ca_pem` signed the first of `certificate_pem`.
bool is_signed_by(const std::string& certificate_pem, const std::string& ca_pem);

}  // namespace charter
