#include "controller/api/certificate_openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace charter::openssl {
namespace {

BioPtr read_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// Never asks: OpenSSL would otherwise read a passphrase from the terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

std::string contents(BIO* bio) {
  char* start = nullptr;
  const long size = BIO_get_mem_data(bio, &start);
  return std::string(start, static_cast<size_t>(size));
}

}  // namespace

Result<std::vector<X509Ptr>> parse_certificates(const std::string& pem) {
  std::vector<X509Ptr> out;
  const BioPtr bio = read_bio(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)) {
    out.emplace_back(certificate);
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (out.empty() || !at_end) return Error{Code::Invalid, "the certificate is not valid PEM"};
  return out;
}

Result<KeyPtr> parse_key(const std::string& pem) {
  const BioPtr bio = read_bio(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!key) return Error{Code::Invalid, "the private key is not valid PEM"};
  return key;
}

Result<std::string> write_certificate(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return Error{Code::InternalError, "cannot encode a certificate"};
  }
  return contents(bio.get());
}

Result<std::string> write_key(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return Error{Code::InternalError, "cannot encode a private key"};
  }
  return contents(bio.get());
}

}  // namespace charter::openssl
