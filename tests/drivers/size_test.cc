#include "drivers/size.h"

#include <gtest/gtest.h>

#include <limits>

namespace charter {
namespace {

TEST(SimSize, ParsesDecimalAndBinarySuffixesExactly) {
  EXPECT_EQ(parse_size("0"), 0);
  EXPECT_EQ(parse_size("17"), 17);
  EXPECT_EQ(parse_size("17B"), 17);
  EXPECT_EQ(parse_size("8GB"), 8'000'000'000);
  EXPECT_EQ(parse_size("8G"), 8'000'000'000);
  EXPECT_EQ(parse_size("8Gi"), int64_t{8} << 30);
  EXPECT_EQ(parse_size("8GiB"), int64_t{8} << 30);
  EXPECT_EQ(parse_size("1.5TB"), 1'500'000'000'000);
  EXPECT_EQ(parse_size("0.125Ki"), 128);
  EXPECT_EQ(parse_size("3k"), 3'000);
  EXPECT_EQ(parse_size("3KB"), 3'000);
  EXPECT_EQ(parse_size("8191Pi"), int64_t{8191} << 50);
}

TEST(SimSize, RefusesEverythingElse) {
  for (const char* text :
       {"", "B", "GB", "-1GB", "+1", "1.GB", ".5GB", "1.2.3G", "1.2345T", "0.5", "1e3", "8 GB",
        "8gb", "8Ei", "9000PiBB", "8192Pi", "99999999999999999999", "0x10"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(SimSize, FormatsTheShortestExactForm) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(64'000'000'000), "64GB");
  EXPECT_EQ(format_size(int64_t{64} << 30), "64GiB");
  EXPECT_EQ(format_size(1'500'000'000), "1500MB");
  EXPECT_EQ(format_size(1'000'000'000'000), "1TB");
  EXPECT_EQ(format_size(1'234'567'891), "1234567891");
  EXPECT_EQ(format_size(std::numeric_limits<int64_t>::max()), "9223372036854775807");
}

TEST(SimSize, WhatIsFormattedParsesBack) {
  for (const int64_t bytes :
       {int64_t{1}, int64_t{1000}, int64_t{1024}, int64_t{5'500'000}, int64_t{3} << 41}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  }
}

}  // namespace
}  // namespace charter
