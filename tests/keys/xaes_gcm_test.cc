#include "controller/keys/xaes_gcm.h"

#include <gtest/gtest.h>

#include <set>

namespace charter {
namespace {

constexpr std::string_view kNonce = "ABCDEFGHIJKLMNOPQRSTUVWX";

std::string hex(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out += kHex[static_cast<unsigned char>(c) >> 4];
    out += kHex[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

// The vectors of the C2SP specification; the two keys differ in the carry of the CMAC subkey.
TEST(XaesGcm, Gives_what_the_specification_says) {
  EXPECT_EQ(hex(*xaes_encrypt(std::string(32, '\x01'), kNonce, "", "XAES-256-GCM")),
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
  EXPECT_EQ(
      hex(*xaes_encrypt(std::string(32, '\x03'), kNonce, "c2sp.org/XAES-256-GCM", "XAES-256-GCM")),
      "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

TEST(XaesGcm, What_was_encrypted_decrypts_whatever_its_length) {
  const std::string key = *random_key_bytes(kXaesKeyBytes);
  for (const size_t size : {0u, 1u, 15u, 16u, 17u, 1300u, 1'000'000u}) {
    const std::string plain(size, 'p');
    const std::string sealed = *xaes_encrypt(key, kNonce, "a", plain);
    EXPECT_EQ(sealed.size(), size + kXaesTagBytes);
    EXPECT_EQ(xaes_decrypt(key, kNonce, "a", sealed), plain) << size;
  }
}

TEST(XaesGcm, Any_changed_bit_of_anything_is_refused) {
  const std::string key = *random_key_bytes(kXaesKeyBytes);
  const std::string nonce(kNonce), associated = "bucket/name", plain = "a secret of some length";
  const std::string sealed = *xaes_encrypt(key, nonce, associated, plain);
  ASSERT_EQ(xaes_decrypt(key, nonce, associated, sealed), plain);
  const auto each_flip = [](const std::string& text, auto refused) {
    for (size_t bit = 0; bit < text.size() * 8; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      EXPECT_EQ(refused(changed), std::nullopt) << bit;
    }
  };
  each_flip(key, [&](const auto& x) { return xaes_decrypt(x, nonce, associated, sealed); });
  each_flip(nonce, [&](const auto& x) { return xaes_decrypt(key, x, associated, sealed); });
  each_flip(associated, [&](const auto& x) { return xaes_decrypt(key, nonce, x, sealed); });
  each_flip(sealed, [&](const auto& x) { return xaes_decrypt(key, nonce, associated, x); });
  for (size_t size = 0; size < sealed.size(); ++size)
    EXPECT_EQ(xaes_decrypt(key, nonce, associated, sealed.substr(0, size)), std::nullopt) << size;
  EXPECT_EQ(xaes_decrypt(key, nonce, associated, sealed + "x"), std::nullopt);
}

TEST(XaesGcm, Random_nonces_do_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i)
    EXPECT_TRUE(seen.insert(*random_key_bytes(kXaesNonceBytes)).second);
}

}  // namespace
}  // namespace charter
