#include "controller/api/bootstrap_tokens.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

using namespace std::chrono_literals;

const std::string kToken = "abc123.0123456789abcdef";

/// A bootstrap token's Secret; `data` (plain text) is merged over a good one's, null removes a key.
Json token_secret(const Json& data) {
  Json all = {{"token-id", "abc123"},
              {"token-secret", "0123456789abcdef"},
              {"usage-bootstrap-authentication", "true"},
              {"expiration", "2026-06-01T01:00:00Z"},
              {"auth-extra-groups", "system:bootstrappers:hosts,system:bootstrappers:eu"}};
  all.merge_patch(data);
  return {{"apiVersion", "v1"},
          {"kind", "Secret"},
          {"metadata", {{"name", "bootstrap-token-abc123"}, {"namespace", "kube-system"}}},
          {"type", "bootstrap.kubernetes.io/token"},
          {"stringData", all}};
}

class BootstrapTokenTest : public ::testing::Test {
 protected:
  BootstrapTokenTest() {
    api_.post(
        "/api/v1/namespaces",
        {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", "kube-system"}}}});
  }
  std::optional<TokenOwner> owner(const Json& secret, const std::string& token = kToken) {
    const std::string path = "/api/v1/namespaces/kube-system/secrets";
    EXPECT_EQ(api_.post(path, secret).status, 201);
    auto found = tokens_.verify(token, {});
    EXPECT_EQ(api_.remove(path + "/bootstrap-token-abc123").status, 200);
    EXPECT_FALSE(tokens_.verify(token, {})) << "ends with its Secret";
    return found;
  }

  ServedApi api_;
  BootstrapTokens tokens_{api_.store(), api_.clock()};
};

TEST_F(BootstrapTokenTest, Its_bearer_is_the_token_itself_in_its_groups) {
  const auto found = owner(token_secret(Json::object()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->caller.user, "system:bootstrap:abc123");
  EXPECT_EQ(found->caller.groups,
            (std::vector<std::string>{"system:bootstrappers", "system:bootstrappers:hosts",
                                      "system:bootstrappers:eu"}));
  EXPECT_TRUE(owner(token_secret({{"expiration", nullptr}, {"auth-extra-groups", nullptr}})));
}

TEST_F(BootstrapTokenTest, What_is_not_exactly_right_is_nobody) {
  const std::pair<const char*, Json> bad[] = {
      {"expired", {{"expiration", "2026-06-01T00:00:00Z"}}},
      {"an expiry that is no time", {{"expiration", "never"}}},
      {"not for authentication", {{"usage-bootstrap-authentication", nullptr}}},
      {"another secret", {{"token-secret", "0123456789abcdeg"}}},
      {"a longer secret", {{"token-secret", "0123456789abcdef0"}}},
      {"no secret", {{"token-secret", nullptr}}},
      {"another id", {{"token-id", "abc124"}}},
      {"a group of the system", {{"auth-extra-groups", "system:masters"}}},
      {"a group that only begins alike", {{"auth-extra-groups", "system:bootstrappers"}}},
  };
  for (const auto& [why, data] : bad)
    EXPECT_FALSE(owner(token_secret(data))) << why;
  Json opaque = token_secret(Json::object());
  opaque["type"] = "Opaque";
  EXPECT_FALSE(owner(opaque));
  for (const char* token : {"", "abc123", "abc123.", "ABC123.0123456789abcdef",
                            "abc123.0123456789ABCDEF", "../123.0123456789abcdef"})
    EXPECT_FALSE(owner(token_secret(Json::object()), token)) << token;
  EXPECT_FALSE(tokens_.verify(kToken, {"somebody-else"}));
}

}  // namespace
}  // namespace charter::test
