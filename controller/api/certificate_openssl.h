#pragma once

#include "controller/base/result.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

// Owning pointers for OpenSSL's types and PEM in both directions. Seen only by certificates.cc,
// signing_keys.cc and tls*.cc.
namespace charter::openssl {

/// Calls OpenSSL's own free function.
template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Deleter<SSL_free>>;

/// All certificates of a PEM text, at least one. Errors: Invalid.
Result<std::vector<X509Ptr>> parse_certificates(const std::string& pem);
/// A private key without passphrase. Errors: Invalid.
Result<KeyPtr> parse_key(const std::string& pem);
Result<std::string> write_certificate(X509* certificate);
Result<std::string> write_key(EVP_PKEY* key);

}  // namespace charter::openssl
