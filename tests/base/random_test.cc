#include "controller/base/random.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace charter {
namespace {

TEST(Random, A_uuid_has_the_form_of_version_4) {
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    const std::string uuid = uuid4(random);
    ASSERT_EQ(uuid.size(), 36U);
    for (const size_t dash : {8U, 13U, 18U, 23U})
      EXPECT_EQ(uuid[dash], '-') << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_NE(std::string_view("89ab").find(uuid[19]), std::string_view::npos) << uuid;
    EXPECT_EQ(uuid.find_first_not_of("0123456789abcdef-"), std::string::npos) << uuid;
  }
}

TEST(Random, Uuids_of_the_kernels_generator_do_not_repeat) {
  SystemRandom random;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i)
    seen.insert(uuid4(random));
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Random, The_same_seed_gives_the_same_run) {
  SeededRandom first(42);
  SeededRandom second(42);
  SeededRandom other(43);
  EXPECT_EQ(uuid4(first), uuid4(second));
  EXPECT_EQ(random_name_suffix(first, 5), random_name_suffix(second, 5));
  EXPECT_NE(uuid4(first), uuid4(other));
}

TEST(Random, Name_suffixes_keep_to_kubernetes_alphabet) {
  SeededRandom random(7);
  const std::string suffix = random_name_suffix(random, 5000);
  EXPECT_EQ(suffix.size(), 5000U);
  const std::set<char> letters(suffix.begin(), suffix.end());
  const std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  EXPECT_EQ(letters, std::set<char>(alphabet.begin(), alphabet.end()));
  EXPECT_EQ(random_name_suffix(random, 0), "");
}

TEST(Random, Values_stay_below_the_bound_and_reach_every_one) {
  SeededRandom random(9);
  std::set<uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const uint64_t value = random_below(random, 7);
    ASSERT_LT(value, 7U);
    seen.insert(value);
  }
  EXPECT_EQ(seen.size(), 7U);
  EXPECT_EQ(random_below(random, 1), 0U);
}

}  // namespace
}  // namespace charter
