#include "controller/keys/xaes_gcm.h"

#include "controller/base/check.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <climits>
#include <memory>

namespace charter {
namespace {

constexpr size_t kBlockBytes = 16;
constexpr size_t kGcmNonceBytes = 12;

using Block = std::array<unsigned char, kBlockBytes>;

/// Ends a cipher's context; OpenSSL overwrites its key schedule.
struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using ContextPtr = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

/// The key of one message, overwritten at the end.
struct MessageKey {
  std::array<unsigned char, kXaesKeyBytes> bytes{};
  MessageKey() = default;
  MessageKey(const MessageKey&) = delete;
  MessageKey& operator=(const MessageKey&) = delete;
  ~MessageKey() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

Error failed() {
  ERR_clear_error();
  return {Code::InternalError, "cannot encrypt"};
}

bool encrypt_block(EVP_CIPHER_CTX* aes, const Block& in, unsigned char* out) {
  int size = 0;
  return EVP_EncryptUpdate(aes, out, &size, in.data(), kBlockBytes) == 1 && size == kBlockBytes;
}

/// CMAC's first subkey: the block of zeros encrypted, times x in GF(2^128) (NIST SP 800-38B, 6.1).
bool subkey(EVP_CIPHER_CTX* aes, Block& out) {
  Block zeros{};
  if (!encrypt_block(aes, zeros, out.data())) return false;
  unsigned char carry = 0;
  for (size_t i = kBlockBytes; i-- > 0;) {
    const unsigned char byte = out[i];
    out[i] = static_cast<unsigned char>(byte << 1 | carry);
    carry = byte >> 7;
  }
  // No branch on key material.
  out[kBlockBytes - 1] ^= static_cast<unsigned char>(0x87 & (0 - carry));
  return true;
}

bool derive(std::string_view key, std::string_view nonce, MessageKey& out) {
  const ContextPtr aes(EVP_CIPHER_CTX_new());
  if (!aes ||
      EVP_EncryptInit_ex(aes.get(), EVP_aes_256_ecb(), nullptr, bytes_of(key), nullptr) != 1)
    return false;
  EVP_CIPHER_CTX_set_padding(aes.get(), 0);
  Block k1{};
  bool good = subkey(aes.get(), k1);
  for (unsigned char counter = 1; good && counter <= 2; ++counter) {
    // The message of a counter: its number in 16 bits, the label "X", a zero, half of the nonce.
    Block message{0, counter, 'X', 0};
    std::copy_n(bytes_of(nonce), kGcmNonceBytes, message.begin() + 4);
    for (size_t i = 0; i < kBlockBytes; ++i)
      message[i] ^= k1[i];
    good = encrypt_block(aes.get(), message, out.bytes.data() + (counter - 1U) * kBlockBytes);
  }
  OPENSSL_cleanse(k1.data(), k1.size());
  return good;
}

bool sizes_fit(std::string_view associated, std::string_view text) {
  return associated.size() <= INT_MAX && text.size() <= INT_MAX;
}

}  // namespace

Result<std::string> xaes_encrypt(std::string_view key, std::string_view nonce,
                                 std::string_view associated, std::string_view plain) {
  CHECK(key.size() == kXaesKeyBytes && nonce.size() == kXaesNonceBytes);
  MessageKey message_key;
  const ContextPtr gcm(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + kXaesTagBytes, '\0');
  const unsigned char* gcm_nonce = bytes_of(nonce) + (kXaesNonceBytes - kGcmNonceBytes);
  int size = 0;
  const bool good = gcm && sizes_fit(associated, plain) && derive(key, nonce, message_key) &&
                    EVP_EncryptInit_ex(gcm.get(), EVP_aes_256_gcm(), nullptr,
                                       message_key.bytes.data(), gcm_nonce) == 1 &&
                    EVP_EncryptUpdate(gcm.get(), nullptr, &size, bytes_of(associated),
                                      static_cast<int>(associated.size())) == 1 &&
                    EVP_EncryptUpdate(gcm.get(), bytes_of(out), &size, bytes_of(plain),
                                      static_cast<int>(plain.size())) == 1 &&
                    EVP_EncryptFinal_ex(gcm.get(), bytes_of(out) + plain.size(), &size) == 1 &&
                    EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_GCM_GET_TAG, kXaesTagBytes,
                                        bytes_of(out) + plain.size()) == 1;
  if (!good) return failed();
  return out;
}

std::optional<std::string> xaes_decrypt(std::string_view key, std::string_view nonce,
                                        std::string_view associated, std::string_view sealed) {
  CHECK(key.size() == kXaesKeyBytes && nonce.size() == kXaesNonceBytes);
  if (sealed.size() < kXaesTagBytes || !sizes_fit(associated, sealed)) return std::nullopt;
  const std::string_view text = sealed.substr(0, sealed.size() - kXaesTagBytes);
  std::string tag(sealed.substr(text.size()));
  MessageKey message_key;
  const ContextPtr gcm(EVP_CIPHER_CTX_new());
  std::string out(text.size(), '\0');
  const unsigned char* gcm_nonce = bytes_of(nonce) + (kXaesNonceBytes - kGcmNonceBytes);
  unsigned char rest[kBlockBytes];
  int size = 0;
  const bool good =
      gcm && derive(key, nonce, message_key) &&
      EVP_DecryptInit_ex(gcm.get(), EVP_aes_256_gcm(), nullptr, message_key.bytes.data(),
                         gcm_nonce) == 1 &&
      EVP_DecryptUpdate(gcm.get(), nullptr, &size, bytes_of(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(gcm.get(), bytes_of(out), &size, bytes_of(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(gcm.get(), EVP_CTRL_GCM_SET_TAG, kXaesTagBytes, bytes_of(tag)) == 1 &&
      EVP_DecryptFinal_ex(gcm.get(), rest, &size) == 1;
  ERR_clear_error();
  if (good) return out;
  // Text that is not authenticated must not be seen by anybody.
  OPENSSL_cleanse(out.data(), out.size());
  return std::nullopt;
}

Result<std::string> random_key_bytes(size_t count) {
  std::string out(count, '\0');
  if (RAND_bytes(bytes_of(out), static_cast<int>(count)) != 1) {
    ERR_clear_error();
    return Error{Code::InternalError, "no random bytes"};
  }
  return out;
}

}  // namespace charter
