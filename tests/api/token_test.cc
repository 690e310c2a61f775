#include "controller/api/jwt.h"
#include "controller/api/rbac_install.h"
#include "controller/api/static_tokens.h"
#include "controller/api/token_review.h"
#include "controller/base/base64.h"
#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>

// Bearer tokens: issued, used, refused in every forged form, ended with what they are bound to.
namespace charter::test {
namespace {

const std::string kTokenPath = "/api/v1/namespaces/lab/serviceaccounts/robot/token";

std::shared_ptr<const SigningKeys> new_keys(std::vector<std::string>* pems = nullptr) {
  const auto pem = make_signing_key();
  EXPECT_TRUE(pem);
  if (pems) pems->insert(pems->begin(), *pem);
  auto keys = SigningKeys::load(pems ? *pems : std::vector<std::string>{*pem});
  EXPECT_TRUE(keys);
  return *keys;
}

class Tokens : public ::testing::Test {
 protected:
  Tokens() {
    EXPECT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
    api_.server().use_tokens(chain_, accounts_);
    make("/api/v1/namespaces/lab/serviceaccounts",
         {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "robot"}}}});
    make("/apis/rbac.authorization.k8s.io/v1/namespaces/lab/rolebindings",
         {{"apiVersion", "rbac.authorization.k8s.io/v1"},
          {"kind", "RoleBinding"},
          {"metadata", {{"name", "robots"}}},
          {"roleRef", {{"kind", "ClusterRole"}, {"name", "cluster-admin"}}},
          {"subjects", {{{"kind", "ServiceAccount"}, {"name", "robot"}, {"namespace", "lab"}}}}});
  }
  void make(const std::string& path, const Json& body) {
    const Answer made = api_.post(path, body);
    ASSERT_EQ(made.status, 201) << made.body;
  }
  static Json request(Json spec) {
    return {{"apiVersion", "authentication.k8s.io/v1"},
            {"kind", "TokenRequest"},
            {"spec", std::move(spec)}};
  }
  std::string token(Json spec = Json::object()) {
    const Answer made = api_.post(kTokenPath, request(std::move(spec)));
    EXPECT_EQ(made.status, 201) << made.body;
    return text_at(made.json(), {"status", "token"});
  }
  Answer with(const std::string& bearer, const std::string& target = kWidgetsPath) {
    Ask what{"GET", target};
    what.peer.reset();
    what.headers = {{"authorization", "Bearer " + bearer}};
    return api_.ask(std::move(what));
  }
  /// A token signed with the server's own key, over a header and payload of anybody's choice.
  std::string forged(const Json& header, const Json& payload) {
    const std::string text =
        encode_base64url(encode(header)) + "." + encode_base64url(encode(payload));
    return text + "." + encode_base64url(*keys_->sign(text));
  }
  Json header() { return {{"alg", "ES256"}, {"kid", keys_->key_id()}}; }
  Json payload() {
    const std::string good = token();
    const size_t dot = good.find('.');
    return *parse_json(*decode_base64url(good.substr(dot + 1, good.rfind('.') - dot - 1)));
  }

  ServedApi api_;
  std::shared_ptr<const SigningKeys> keys_ = new_keys();
  ServiceAccountTokens accounts_{{api_.store(), api_.clock(), keys_}};
  TokenChain chain_{{&accounts_}};
};

TEST_F(Tokens, A_ServiceAccount_gets_one_and_is_who_it_says) {
  const std::string good = token();
  EXPECT_EQ(with(good).status, 200);
  EXPECT_EQ(
      with(good, "/api/v1/namespaces/default/secrets").message(),
      R"(secrets is forbidden: User "system:serviceaccount:lab:robot" cannot list resource "secrets" in API group "" in the namespace "default")");
  const Json self = {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}};
  Ask who{"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", encode(self)};
  who.peer.reset();
  who.headers = {{"authorization", "bearer  " + good}};
  const Json user = api_.ask(std::move(who)).json()["status"]["userInfo"];
  EXPECT_EQ(user["username"], "system:serviceaccount:lab:robot");
  EXPECT_EQ(user["groups"],
            (Json{"system:serviceaccounts", "system:serviceaccounts:lab", "system:authenticated"}));
}

TEST_F(Tokens, The_answer_to_a_request_has_kubes_form) {
  const Answer made = api_.post(kTokenPath, request({{"expirationSeconds", 3600}}));
  const Json body = made.json();
  EXPECT_EQ(body["kind"], "TokenRequest");
  EXPECT_EQ(body["spec"]["expirationSeconds"], 3600);
  EXPECT_EQ(body["spec"]["audiences"], Json::array({accounts_.issuer()}));
  EXPECT_EQ(body["status"]["expirationTimestamp"], "2026-06-01T01:00:00Z");
}

TEST_F(Tokens, Requests_are_judged_in_kubes_words) {
  EXPECT_NE(api_.post(kTokenPath, request({{"expirationSeconds", 10}}))
                .message()
                .find("may not specify a duration less than 10 minutes"),
            std::string::npos);
  EXPECT_NE(api_.post(kTokenPath, request({{"expirationSeconds", 1LL << 33}}))
                .message()
                .find("may not specify a duration larger than 2^32 seconds"),
            std::string::npos);
  EXPECT_EQ(api_.post(kTokenPath, request({{"expirationSeconds", "3600"}})).status, 400);
  EXPECT_EQ(
      api_.post(kTokenPath, request({{"boundObjectRef",
                                      {{"kind", "Pod"}, {"apiVersion", "v1"}, {"name", "p"}}}}))
          .status,
      400);
  EXPECT_EQ(
      api_.post(kTokenPath, request({{"boundObjectRef",
                                      {{"kind", "Secret"}, {"apiVersion", "v1"}, {"name", "p"}}}}))
          .status,
      404);
  EXPECT_EQ(
      api_.post("/api/v1/namespaces/lab/serviceaccounts/nobody/token", request(Json::object()))
          .status,
      404);
  EXPECT_EQ(api_.get(kTokenPath).status, 405);
  EXPECT_EQ(api_.post(kTokenPath, {{"kind", "Secret"}, {"apiVersion", "v1"}}).status, 400);
}

TEST_F(Tokens, Fields_of_a_request_that_nobody_knows_are_told_or_refused) {
  Json odd = request({{"audience", {"vault"}}});
  const Answer told = api_.post(kTokenPath, odd);
  EXPECT_EQ(told.status, 201) << told.body;
  EXPECT_EQ(told.warnings(),
            std::vector<std::string>{R"(299 - "unknown field \"spec.audience\"")"});
  const Answer refused = api_.post(kTokenPath + "?fieldValidation=Strict", odd);
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(
      refused.message(),
      R"(TokenRequest in version "v1" cannot be handled as a TokenRequest: strict decoding error: unknown field "spec.audience")");
  odd["spec"] = 5;
  EXPECT_EQ(api_.post(kTokenPath, odd).status, 400);
}

TEST_F(Tokens, End_with_their_time) {
  const std::string good = token({{"expirationSeconds", 600}});
  api_.clock().advance(std::chrono::seconds(599));
  EXPECT_EQ(with(good).status, 200);
  api_.clock().advance(std::chrono::seconds(1));
  EXPECT_EQ(with(good).status, 401);
  EXPECT_EQ(with(good).message(), "Unauthorized");
}

TEST_F(Tokens, End_with_their_account_and_do_not_come_back_with_its_namesake) {
  const std::string good = token();
  EXPECT_EQ(with(good).status, 200);
  ASSERT_EQ(api_.remove("/api/v1/namespaces/lab/serviceaccounts/robot").status, 200);
  EXPECT_EQ(with(good).status, 401);
  make("/api/v1/namespaces/lab/serviceaccounts",
       {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", {{"name", "robot"}}}});
  EXPECT_EQ(with(good).status, 401);
}

TEST_F(Tokens, End_with_the_Secret_they_are_bound_to) {
  make("/api/v1/namespaces/lab/secrets",
       {{"apiVersion", "v1"}, {"kind", "Secret"}, {"metadata", {{"name", "anchor"}}}});
  const Json ref = {
      {"boundObjectRef", {{"kind", "Secret"}, {"apiVersion", "v1"}, {"name", "anchor"}}}};
  const std::string good = token(ref);
  EXPECT_EQ(with(good).status, 200);
  ASSERT_EQ(api_.remove("/api/v1/namespaces/lab/secrets/anchor").status, 200);
  EXPECT_EQ(with(good).status, 401);
}

TEST_F(Tokens, For_another_audience_are_no_key_to_this_API) {
  EXPECT_EQ(with(token({{"audiences", {"vault"}}})).status, 401);
  EXPECT_EQ(with(token({{"audiences", {"vault", accounts_.issuer()}}})).status, 200);
}

TEST_F(Tokens, Forged_ones_are_refused) {
  const Json good = payload();
  ASSERT_EQ(with(forged(header(), good)).status, 200)
      << "the forger's tools must work, or the rest shows nothing";
  const auto changed = [&](const char* name, Json value) {
    Json out = good;
    out[name] = std::move(value);
    return out;
  };
  std::map<std::string, std::string> bad;
  bad["alg none"] =
      encode_base64url(R"({"alg":"none","kid":"x"})") + "." + encode_base64url(encode(good)) + ".";
  bad["alg none, signed"] = forged({{"alg", "none"}, {"kid", keys_->key_id()}}, good);
  bad["alg HS256"] = forged({{"alg", "HS256"}, {"kid", keys_->key_id()}}, good);
  bad["wrong kid"] = forged({{"alg", "ES256"}, {"kid", "other"}}, good);
  bad["kid is a path"] = forged({{"alg", "ES256"}, {"kid", "../../etc/passwd"}}, good);
  bad["kid is SQL"] = forged({{"alg", "ES256"}, {"kid", "' OR 1=1 --"}}, good);
  bad["no kid"] = forged({{"alg", "ES256"}}, good);
  bad["kid is a number"] = forged({{"alg", "ES256"}, {"kid", 1}}, good);
  bad["crit"] = forged({{"alg", "ES256"}, {"kid", keys_->key_id()}, {"crit", {"b64"}}}, good);
  bad["exp as text"] = forged(header(), changed("exp", "9999999999"));
  bad["exp as fraction"] = forged(header(), changed("exp", 1e9));
  bad["exp negative"] = forged(header(), changed("exp", -1));
  bad["exp beyond all time"] = forged(header(), changed("exp", 18446744073709551615ULL));
  bad["no exp"] = forged(header(), changed("exp", nullptr));
  bad["not yet"] = forged(header(), changed("nbf", 8'000'000'000));
  bad["other issuer"] = forged(header(), changed("iss", "https://evil.example"));
  bad["other subject"] = forged(header(), changed("sub", "system:serviceaccount:kube-system:root"));
  bad["aud as number"] = forged(header(), changed("aud", 7));
  bad["10k audiences"] = forged(header(), changed("aud", std::vector<std::string>(10'000, "a")));
  bad["payload is a list"] = forged(header(), Json::array({good}));
  bad["nested"] = forged(header(), forged(header(), good));
  Json own = good["kubernetes.io"];
  own["pod"] = {{"name", "p"}, {"uid", "u"}};
  bad["bound to what is not served"] = forged(header(), changed("kubernetes.io", own));
  bad["empty"] = "";
  bad["one megabyte"] = std::string(1 << 20, 'a');
  bad["one part"] = "abc";
  bad["four parts"] = token() + ".x";
  bad["five parts of JWE"] = "a.b.c.d.e";
  for (const auto& [what, text] : bad)
    EXPECT_EQ(with(text).status, 401) << what;
}

TEST_F(Tokens, Every_changed_character_breaks_the_signature) {
  const std::string good = token();
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    ASSERT_EQ(with(changed).status, 401) << i;
  }
  ASSERT_EQ(with(good + "=").status, 401);
  ASSERT_EQ(with(good).status, 200);
}

TEST_F(Tokens, A_new_key_signs_and_the_old_one_still_verifies) {
  std::vector<std::string> pems;
  const auto old_keys = new_keys(&pems);
  ServiceAccountTokens before({api_.store(), api_.clock(), old_keys});
  TokenClaims claims;
  claims.subject = "system:serviceaccount:lab:robot";
  claims.id = "1";
  claims.expires = api_.clock().now() + std::chrono::hours(1);
  claims.ns = "lab";
  claims.account = "robot";
  claims.account_uid =
      text_at(api_.get("/api/v1/namespaces/lab/serviceaccounts/robot").json(), {"metadata", "uid"});
  const auto issued = before.issue(claims);
  ASSERT_TRUE(issued);
  const auto rotated = new_keys(&pems);
  EXPECT_NE(rotated->key_id(), old_keys->key_id());
  EXPECT_TRUE(ServiceAccountTokens({api_.store(), api_.clock(), rotated}).verify(*issued, {}));
  EXPECT_FALSE(ServiceAccountTokens({api_.store(), api_.clock(), new_keys()}).verify(*issued, {}));
}

TEST_F(Tokens, A_review_says_whose_it_is_and_does_not_repeat_it) {
  const std::string good = token();
  const auto reviewed = [&](const std::string& text, Json more = Json::object()) {
    Json spec = {{"token", text}};
    spec.update(more);
    const Answer answer = api_.post(
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "TokenReview"}, {"spec", spec}});
    EXPECT_EQ(answer.status, 201) << answer.body;
    EXPECT_EQ(answer.body.find(text), std::string::npos);
    return answer.json()["status"];
  };
  EXPECT_EQ(reviewed(good)["authenticated"], true);
  EXPECT_EQ(reviewed(good)["user"]["username"], "system:serviceaccount:lab:robot");
  EXPECT_EQ(reviewed(good, {{"audiences", {"vault"}}})["error"], "invalid bearer token");
  EXPECT_FALSE(reviewed("xyz").contains("authenticated"));
}

class StaticTokenFile : public ::testing::Test {
 protected:
  StaticTokenFile() {
    path_ = ::testing::TempDir() + "/tokens-" +
            std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
    std::filesystem::remove(path_);
  }
  ~StaticTokenFile() override { std::filesystem::remove(path_); }
  void write(const std::string& text) {
    std::filesystem::remove(path_);
    std::ofstream(path_) << text;
  }
  std::string path_;
  ManualClock clock_{*parse_time("2026-06-01T00:00:00Z")};
  SystemRandom random_;
};

TEST_F(StaticTokenFile, Is_followed_and_holds_no_token) {
  const StaticTokens tokens(path_, clock_);
  StaticToken fred{"", "", "fred", "7", {"dev"}, clock_.now() + std::chrono::hours(1)};
  const std::string secret = make_static_token(fred, random_);
  EXPECT_FALSE(tokens.verify(secret, {}));
  const std::string text = write_static_tokens({fred});
  EXPECT_EQ(text.find(secret.substr(secret.rfind('.') + 1)), std::string::npos);
  write(text);
  const auto owner = tokens.verify(secret, {});
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->caller.user, "fred");
  EXPECT_EQ(owner->caller.uid, "7");
  EXPECT_EQ(owner->caller.groups, std::vector<std::string>{"dev"});
  EXPECT_FALSE(tokens.verify(secret + "x", {}));
  EXPECT_FALSE(tokens.verify(secret, {"vault"}));
  clock_.advance(std::chrono::hours(1));
  EXPECT_FALSE(tokens.verify(secret, {}));
}

TEST_F(StaticTokenFile, That_is_broken_lets_nobody_in) {
  const StaticTokens tokens(path_, clock_);
  StaticToken fred{"", "", "fred", "", {}, {}};
  const std::string secret = make_static_token(fred, random_);
  write(write_static_tokens({fred}));
  ASSERT_TRUE(tokens.verify(secret, {}));
  write("{");
  EXPECT_FALSE(tokens.verify(secret, {}));
  for (const char* bad :
       {R"({"tokens":[{"id":"a","sha256":"x","user":"u"}]})", R"({"tokens":{}})", "[]"}) {
    EXPECT_FALSE(parse_static_tokens(bad)) << bad;
  }
}

}  // namespace
}  // namespace charter::test
