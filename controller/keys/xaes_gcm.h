#pragma once

#include "controller/base/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// XAES-256-GCM (C2SP): AES-256-GCM with a nonce of 192 bits. The first half of the nonce and the
// key give, through CMAC in counter mode (NIST SP 800-108), a key for this one message; the second
// half is GCM's own nonce. So nonces may be drawn at random without counting messages: plain
// AES-GCM allows 2^32 under one key before a repeated nonce, which would give away both texts and
// the authentication key, is a concern; here it is 2^80. Built from AES and GCM alone, which is
// what OpenSSL 3.0 has (no GCM-SIV, no XChaCha20). Pure but for randomness; thread-safe.
namespace charter {

inline constexpr size_t kXaesKeyBytes = 32;
inline constexpr size_t kXaesNonceBytes = 24;
inline constexpr size_t kXaesTagBytes = 16;

/// Ciphertext and tag. `key` and `nonce` have their sizes above; a nonce MUST NOT be used twice.
/// Errors: InternalError when OpenSSL fails.
Result<std::string> xaes_encrypt(std::string_view key, std::string_view nonce,
                                 std::string_view associated, std::string_view plain);

/// The plain text; nothing unless every bit of key, nonce, associated data, ciphertext and tag is
/// as it was.
std::optional<std::string> xaes_decrypt(std::string_view key, std::string_view nonce,
                                        std::string_view associated, std::string_view sealed);

/// Random bytes for keys and nonces. Errors: InternalError.
Result<std::string> random_key_bytes(size_t count);

}  // namespace charter
