#include "controller/keys/ring_sealer.h"

#include "controller/base/base64.h"

#include <gtest/gtest.h>

#include <set>

namespace charter {
namespace {

constexpr SealedPlace kPlace = {"secrets", "default", "db", 7, false};
const std::string kPlain = R"({"data":{"password":"aHVudGVyMg=="}})";

RingSealer sealer_of(const std::string& keys) {
  std::string text;
  for (const char key : keys)
    text += encode_base64(std::string(32, key)) + "\n";
  return RingSealer(*KeyRing::parse(text, "/etc/charter/keys"), {"secrets"});
}

TEST(RingSealer, What_it_seals_it_opens_and_the_form_names_the_key) {
  const RingSealer sealer = sealer_of("a");
  const std::string sealed = *sealer.seal(kPlace, kPlain);
  EXPECT_TRUE(sealed.starts_with("sealed:1:" + sealer.key_id() + ":"));
  EXPECT_EQ(sealing_key(sealed), sealer.key_id());
  EXPECT_EQ(sealing_key(kPlain), std::nullopt);
  EXPECT_EQ(sealed.find("aHVudGVyMg"), std::string::npos);
  EXPECT_EQ(*sealer.open(kPlace, sealed), kPlain);
  EXPECT_TRUE(sealer.wants("secrets"));
  EXPECT_FALSE(sealer.wants("configmaps"));
}

TEST(RingSealer, The_same_bytes_are_never_sealed_alike) {
  const RingSealer sealer = sealer_of("a");
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i)
    EXPECT_TRUE(seen.insert(*sealer.seal(kPlace, kPlain)).second);
}

TEST(RingSealer, Sealed_bytes_open_in_their_own_row_only) {
  const RingSealer sealer = sealer_of("a");
  const std::string sealed = *sealer.seal(kPlace, kPlain);
  const std::vector<SealedPlace> others = {
      {"secret", "default", "db", 7, false},   {"secrets", "defaul", "tdb", 7, false},
      {"secretsd", "efault", "db", 7, false},  {"secrets", "default", "db2", 7, false},
      {"secrets", "default", "db", 8, false},  {"secrets", "default", "db", 7, true},
      {"secrets", "", "default/db", 7, false},
  };
  for (const SealedPlace& place : others)
    EXPECT_EQ(sealer.open(place, sealed).error().code, Code::InternalError);
}

TEST(RingSealer, Every_flipped_byte_and_every_cut_is_refused) {
  const RingSealer sealer = sealer_of("a");
  const std::string sealed = *sealer.seal(kPlace, kPlain);
  for (size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(sealer.open(kPlace, changed)) << at;
    EXPECT_FALSE(sealer.open(kPlace, sealed.substr(0, at))) << at;
  }
}

TEST(RingSealer, An_older_key_opens_and_the_first_seals) {
  const RingSealer before = sealer_of("a");
  const RingSealer both = sealer_of("ba");
  const std::string sealed = *before.seal(kPlace, kPlain);
  EXPECT_EQ(*both.open(kPlace, sealed), kPlain);
  EXPECT_NE(sealing_key(*both.seal(kPlace, kPlain)), sealing_key(sealed));
}

TEST(RingSealer, A_missing_key_is_named_with_where_it_was_looked_for) {
  const RingSealer before = sealer_of("a");
  const RingSealer other = sealer_of("b");
  const auto opened = other.open(kPlace, *before.seal(kPlace, kPlain));
  ASSERT_EQ(opened.error().code, Code::NotFound);
  EXPECT_EQ(opened.error().message, "sealed with key " + before.key_id() +
                                        ", which is missing: /etc/charter/keys holds " +
                                        other.key_id());
}

// An id that was overwritten with another key's leads to a key that does not fit.
TEST(RingSealer, A_wrong_key_under_a_known_id_does_not_open) {
  const RingSealer both = sealer_of("ab");
  const std::string sealed = *both.seal(kPlace, kPlain);
  std::string changed = sealed_prefix(both.ring().all()[1].id);
  changed += sealed.substr(changed.size());
  EXPECT_EQ(both.open(kPlace, changed).error().code, Code::InternalError);
}

}  // namespace
}  // namespace charter
