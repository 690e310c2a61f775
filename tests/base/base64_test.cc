#include "controller/base/base64.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

TEST(Base64, GivesTheTestVectorsOfRfc4648) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, BringsBackEveryByteAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, SkipsWhiteSpaceAndRefusesEverythingElse) {
  EXPECT_EQ(decode_base64(" Zm9v\nYmFy\t"), "foobar");
  for (const char* bad : {"Zg", "Zg=", "Z===", "Zm9v!", "Zg==Zg==", "=", "Z-_v"})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

TEST(Base64, ForUrlsHasNoPaddingAndOneSpellingOnly) {
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 7);
  }
  for (const char* bad : {"A", "-_9", "Zg==", "+/8", "Zm 9v"})
    EXPECT_EQ(decode_base64url(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace charter
