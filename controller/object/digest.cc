#include "controller/object/digest.h"

#include "controller/base/check.h"

#include <openssl/evp.h>

namespace charter {
namespace {

std::string hex_digest(std::string_view bytes, const EVP_MD* kind) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, &size, kind, nullptr) == 1);
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < size; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  return hex_digest(bytes, EVP_sha256());
}

std::string sha512_hex(std::string_view bytes) {
  return hex_digest(bytes, EVP_sha512());
}

std::string sha1_hex(std::string_view bytes) {
  return hex_digest(bytes, EVP_sha1());
}

}  // namespace charter
