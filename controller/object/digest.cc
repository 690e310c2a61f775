#include "controller/object/digest.h"

#include "controller/base/check.h"
#include "controller/object/hmac.h"

#include <openssl/evp.h>

namespace charter {
namespace {

std::string digest(std::string_view bytes, const EVP_MD* kind) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), out, &size, kind, nullptr) == 1);
  return {reinterpret_cast<const char*>(out), size};
}

}  // namespace

std::string sha256(std::string_view bytes) {
  // Fetched once: EVP_sha256() makes OpenSSL look for the implementation at each call.
  static const EVP_MD* const kind = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  CHECK(kind != nullptr);
  return digest(bytes, kind);
}

std::string sha256_hex(std::string_view bytes) {
  return hex_text(sha256(bytes));
}

std::string sha512_hex(std::string_view bytes) {
  return hex_text(digest(bytes, EVP_sha512()));
}

std::string sha1_hex(std::string_view bytes) {
  return hex_text(digest(bytes, EVP_sha1()));
}

}  // namespace charter
