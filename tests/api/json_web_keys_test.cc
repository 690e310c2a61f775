#include "controller/api/json_web_keys.h"

#include "controller/api/jwt.h"
#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>

// Keys and tokens of golden/token_vectors.json were made by the openssl program.
namespace charter {
namespace {

Json vectors() {
  std::ifstream in(CHARTER_SOURCE_DIR "/tests/api/golden/token_vectors.json");
  return parse_json(std::string{std::istreambuf_iterator<char>(in), {}}).value();
}

bool is_signed(const JsonWebKeys& keys, const std::string& token) {
  const auto split = split_token(token);
  return split &&
         keys.verify(split->key_id, split->algorithm, split->signed_part, split->signature);
}

TEST(JsonWebKeys, Verify_signatures_of_every_algorithm) {
  const Json given = vectors();
  const auto keys = JsonWebKeys::parse(given["keySet"]).value();
  ASSERT_EQ(given["good"].size(), 9U);
  for (const auto& [algorithm, token] : given["good"].items())
    EXPECT_TRUE(is_signed(*keys, token.get<std::string>())) << algorithm;
}

TEST(JsonWebKeys, Refuse_each_signature_with_one_other_byte_or_under_another_algorithm) {
  const Json given = vectors();
  const auto keys = JsonWebKeys::parse(given["keySet"]).value();
  for (const auto& [algorithm, token] : given["good"].items()) {
    const std::string text = token.get<std::string>();
    const auto split = split_token(text).value();
    for (size_t i = 0; i < split.signature.size(); i += 7) {
      std::string other = split.signature;
      other[i] = static_cast<char>(other[i] ^ 1);
      EXPECT_FALSE(keys->verify(split.key_id, algorithm, split.signed_part, other)) << algorithm;
    }
    EXPECT_FALSE(keys->verify(split.key_id, algorithm, split.signed_part, split.signature + "x"));
    EXPECT_FALSE(keys->verify(split.key_id, algorithm, split.signed_part, ""));
    for (const auto& [another, unused] : given["good"].items()) {
      if (another == algorithm) continue;
      EXPECT_FALSE(keys->verify(split.key_id, another, split.signed_part, split.signature))
          << algorithm << " as " << another;
    }
    for (const char* none : {"none", "HS256", ""})
      EXPECT_FALSE(keys->verify(split.key_id, none, split.signed_part, split.signature)) << none;
  }
}

TEST(JsonWebKeys, Leave_out_keys_that_are_weak_or_for_something_else) {
  const Json given = vectors();
  const auto keys = JsonWebKeys::parse(given["keySet"]).value();
  for (const auto& [why, token] : given["bad"].items())
    EXPECT_FALSE(is_signed(*keys, token.get<std::string>())) << why;
  EXPECT_TRUE(keys->knows("rsa"));
  for (const char* left_out : {"small", "cipher", "shared", ""})
    EXPECT_FALSE(keys->knows(left_out)) << left_out;
}

TEST(JsonWebKeys, A_token_that_names_no_key_is_tried_with_all) {
  const Json given = vectors();
  const auto keys = JsonWebKeys::parse(given["keySet"]).value();
  const std::string token = given["good"]["ES384"].get<std::string>();
  const auto split = split_token(token).value();
  EXPECT_TRUE(keys->verify("", "ES384", split.signed_part, split.signature));
}

TEST(JsonWebKeys, Refuse_what_is_no_key_set) {
  const Json rsa = vectors()["keySet"]["keys"][0];
  Json huge = rsa;
  huge["n"] = std::string(20'000, 'A');
  Json even = rsa;
  even["e"] = "AQAA";
  const Json off_curve = {
      {"kty", "EC"}, {"crv", "P-256"}, {"x", std::string(43, 'B')}, {"y", std::string(43, 'B')}};
  const Json bad[] = {Json::array(),
                      Json::object(),
                      {{"keys", 1}},
                      {{"keys", Json::array()}},
                      {{"keys", {1, "x", nullptr}}},
                      {{"keys", {huge}}},
                      {{"keys", {even}}},
                      {{"keys", {off_curve}}}};
  for (const Json& set : bad) {
    const auto keys = JsonWebKeys::parse(set);
    ASSERT_FALSE(keys) << set.dump().substr(0, 80);
    EXPECT_EQ(keys.error().code, Code::Invalid);
  }
}

TEST(JsonWebKeys, Keep_a_bounded_number) {
  const Json rsa = vectors()["keySet"]["keys"][0];
  Json many = Json::array();
  for (size_t i = 0; i <= limits::kJsonWebKeysMax; ++i) {
    many.push_back(rsa);
    many.back()["kid"] = "k" + std::to_string(i);
  }
  const auto keys = JsonWebKeys::parse({{"keys", many}}).value();
  EXPECT_TRUE(keys->knows("k0"));
  EXPECT_FALSE(keys->knows("k" + std::to_string(limits::kJsonWebKeysMax)));
}

}  // namespace
}  // namespace charter
