#include "controller/keys/key_ring.h"

#include "controller/base/base64.h"
#include "controller/base/limits.h"

#include <gtest/gtest.h>

#include <set>

namespace charter {
namespace {

std::string line_of(char byte) {
  return encode_base64(std::string(32, byte)) + "\n";
}

TEST(KeyRing, The_first_key_seals_and_comments_mean_nothing) {
  const auto ring = KeyRing::parse("# made in May\n\n  " + line_of('a') + line_of('b'), "f");
  ASSERT_TRUE(ring);
  ASSERT_EQ(ring->all().size(), 2u);
  EXPECT_EQ(ring->newest().bytes.view(), std::string(32, 'a'));
  EXPECT_EQ(ring->find(ring->all()[1].id)->bytes.view(), std::string(32, 'b'));
  EXPECT_EQ(ring->find("0123456789abcdef"), nullptr);
}

TEST(KeyRing, An_id_belongs_to_the_key_wherever_it_stands) {
  const auto one = KeyRing::parse(line_of('a') + line_of('b'), "f");
  const auto two = KeyRing::parse(line_of('b'), "g");
  EXPECT_EQ(one->all()[1].id, two->newest().id);
  EXPECT_EQ(two->newest().id.size(), 16u);
  EXPECT_NE(one->newest().id, two->newest().id);
}

TEST(KeyRing, A_bad_file_is_refused_with_its_line_and_without_its_bytes) {
  std::string many;
  for (size_t i = 0; i <= limits::kEncryptionKeysMax; ++i)
    many += line_of(static_cast<char>('A' + i));
  const std::string short_key = encode_base64(std::string(31, 's'));
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "f: holds no key"},
      {"# only a comment\n", "f: holds no key"},
      {"# x\n" + short_key, "f: line 2: expected a key: 32 bytes in base64"},
      {line_of('a') + "not base64!", "f: line 2: expected a key: 32 bytes in base64"},
      {line_of('a') + line_of('a'), "is there twice"},
      {many, "f: line 17: at most 16 keys are read"},
  };
  for (const auto& [text, message] : table) {
    const auto ring = KeyRing::parse(text, "f");
    ASSERT_FALSE(ring) << message;
    EXPECT_EQ(ring.error().code, Code::Invalid);
    EXPECT_NE(ring.error().message.find(message), std::string::npos) << ring.error().message;
    EXPECT_EQ(ring.error().message.find(short_key), std::string::npos);
  }
}

TEST(KeyRing, A_new_key_becomes_the_first_and_everything_else_stays) {
  const std::string before = "# ours\n" + line_of('a') + "# older\n" + line_of('b');
  const std::string after = *with_new_key(before);
  const auto old_ring = KeyRing::parse(before, "f");
  const auto new_ring = KeyRing::parse(after, "f");
  ASSERT_EQ(new_ring->all().size(), 3u);
  EXPECT_EQ(new_ring->all()[1].id, old_ring->newest().id);
  EXPECT_TRUE(after.starts_with("# ours\n"));
  EXPECT_EQ(*without_key(after, new_ring->newest().id), before);
  EXPECT_EQ(without_key(before, new_ring->newest().id).error().code, Code::NotFound);
}

TEST(KeyRing, New_keys_differ_and_stop_at_the_bound) {
  std::set<std::string> ids;
  std::string text;
  for (size_t i = 0; i < limits::kEncryptionKeysMax; ++i) {
    text = *with_new_key(text);
    ids.insert(KeyRing::parse(text, "f")->newest().id);
  }
  EXPECT_EQ(ids.size(), limits::kEncryptionKeysMax);
  EXPECT_EQ(with_new_key(text).error().code, Code::Invalid);
}

}  // namespace
}  // namespace charter
