#include "controller/api/jwt.h"
#include "controller/api/oidc_tokens.h"
#include "controller/api/rbac_install.h"
#include "controller/api/signing_keys.h"
#include "controller/api/token_review.h"
#include "controller/base/base64.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>

namespace charter::test {
namespace {

using namespace std::chrono_literals;

const std::string kIssuer = "https://login.example/realm";

OidcSettings settings() {
  OidcSettings out;
  out.issuer_url = kIssuer;
  out.client_id = "charter";
  out.signing_algorithms = {"ES256"};
  return out;
}

std::shared_ptr<const SigningKeys> new_key() {
  return SigningKeys::load({make_signing_key().value()}).value();
}

/// A provider whose documents are fetched without a network.
class Provider {
 public:
  std::string token(const Json& changes = Json::object()) const {
    return signed_by(*key_, {{"alg", "ES256"}, {"kid", key_->key_id()}}, payload(changes));
  }
  static std::string signed_by(const SigningKeys& key, const Json& header, const Json& claims) {
    const std::string text =
        encode_base64url(encode(header)) + "." + encode_base64url(encode(claims));
    return text + "." + encode_base64url(key.sign(text).value());
  }
  /// Changes are merged over good claims; null removes.
  static Json payload(const Json& changes) {
    Json claims = {{"iss", kIssuer},
                   {"sub", "alice"},
                   {"aud", "charter"},
                   {"exp", 1780272000 + 3600},
                   {"iat", 1780272000}};
    if (!changes.is_null()) claims.merge_patch(changes);  // {} is null
    return claims;
  }
  void rotate() {
    key_ = new_key();
    publish();
  }
  void publish() { documents[kIssuer + "/keys"] = *parse_json(key_->public_keys()); }
  Result<Json> fetch(const std::string& url) {
    fetched.push_back(url);
    const auto found = documents.find(url);
    if (found == documents.end()) return Error{Code::ServiceUnavailable, url + ": no answer"};
    return found->second;
  }
  const SigningKeys& key() const { return *key_; }

  std::map<std::string, Json> documents{{kIssuer + "/.well-known/openid-configuration",
                                         {{"issuer", kIssuer}, {"jwks_uri", kIssuer + "/keys"}}}};
  std::vector<std::string> fetched;

 private:
  std::shared_ptr<const SigningKeys> key_ = new_key();
};

/// An API whose users log in with the provider.
class Oidc : public ::testing::Test {
 protected:
  Oidc() {
    EXPECT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
    provider_.publish();
    tokens_.refresh();
    api_.server().use_tokens(chain_, accounts_);
  }
  Ask whoami(const std::string& bearer) {
    Ask who{"POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            R"({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})"};
    who.peer.reset();
    who.headers = {{"authorization", "Bearer " + bearer}};
    return who;
  }
  int status(const std::string& bearer) { return api_.ask(whoami(bearer)).status; }
  Json user(const std::string& bearer) {
    return api_.ask(whoami(bearer)).json()["status"]["userInfo"];
  }

  ServedApi api_;
  Provider provider_;
  OidcTokens tokens_{settings(), [this](const std::string& url) { return provider_.fetch(url); },
                     api_.clock()};
  ServiceAccountTokens accounts_{{api_.store(), api_.clock(), new_key()}};
  TokenChain chain_{{&accounts_, &tokens_}};
};

TEST_F(Oidc, A_bearer_is_who_his_provider_says) {
  const Json who = user(provider_.token({{"jti", "t-1"}}));
  EXPECT_EQ(who["username"], kIssuer + "#alice");
  EXPECT_EQ(who["groups"], Json::array({"system:authenticated"}));
  EXPECT_EQ(who["extra"]["authentication.kubernetes.io/credential-id"], Json::array({"JTI=t-1"}));
  EXPECT_EQ(provider_.fetched.size(), 2U);
}

TEST_F(Oidc, Tokens_that_are_not_good_are_401_all_alike) {
  const Json header = {{"alg", "ES256"}, {"kid", provider_.key().key_id()}};
  std::map<std::string, std::string> bad = {
      {"expired", provider_.token({{"exp", 1780272000}})},
      {"not yet valid", provider_.token({{"nbf", 1780272000 + 60}})},
      {"no expiry", provider_.token({{"exp", nullptr}})},
      {"expiry as text", provider_.token({{"exp", "1780279999"}})},
      {"another issuer", provider_.token({{"iss", "https://login.example/other"}})},
      {"issuer with a slash", provider_.token({{"iss", kIssuer + "/"}})},
      {"another client", provider_.token({{"aud", "shop"}})},
      {"no client", provider_.token({{"aud", nullptr}})},
      {"clients without us", provider_.token({{"aud", {"a", "b"}}})},
      {"no subject", provider_.token({{"sub", nullptr}})},
      {"empty subject", provider_.token({{"sub", ""}})},
      {"subject is no text", provider_.token({{"sub", 7}})},
      {"huge subject", provider_.token({{"sub", std::string(4'000, 'a')}})},
      {"another key", Provider::signed_by(*new_key(), header, Provider::payload({}))},
      {"alg none",
       Provider::signed_by(provider_.key(), {{"alg", "none"}, {"kid", provider_.key().key_id()}},
                           Provider::payload({}))},
      {"alg not allowed",
       Provider::signed_by(provider_.key(), {{"alg", "RS256"}, {"kid", provider_.key().key_id()}},
                           Provider::payload({}))},
      {"crit", Provider::signed_by(provider_.key(), {{"alg", "ES256"}, {"crit", {"b64"}}},
                                   Provider::payload({}))},
      {"no parts", "x"},
  };
  std::string one_more = provider_.token();
  one_more.back() = one_more.back() == 'A' ? 'B' : 'A';
  bad["a changed signature"] = one_more;
  for (const auto& [why, token] : bad) {
    const Answer answer = api_.ask(whoami(token));
    EXPECT_EQ(answer.status, 401) << why;
    EXPECT_EQ(answer.message(), "Unauthorized") << why;
  }
  EXPECT_EQ(status(provider_.token({{"aud", {"a", "charter"}}})), 201);
}

TEST_F(Oidc, A_good_token_ends_at_its_time_although_it_is_remembered) {
  const std::string token = provider_.token();
  EXPECT_EQ(status(token), 201);
  api_.clock().advance(1h);
  EXPECT_EQ(status(token), 401);
}

TEST_F(Oidc, A_token_with_a_new_key_waits_until_the_keys_are_fetched) {
  provider_.rotate();
  api_.clock().advance(1min);
  int woken = 0;
  tokens_.on_wanted([&] { ++woken; });
  std::vector<int> answers;
  const auto ask = [&] {
    api_.handle(whoami(provider_.token()),
                [&](const Answer& answer) { answers.push_back(answer.status); });
  };
  ask();
  ask();
  EXPECT_TRUE(answers.empty());
  EXPECT_EQ(woken, 2);
  tokens_.refresh();
  EXPECT_EQ(answers, (std::vector<int>{201, 201}));
  EXPECT_EQ(provider_.fetched.size(), 4U) << "one more look, whoever asked";
}

TEST_F(Oidc, Made_up_keys_make_no_more_fetches_than_one_a_pause) {
  const auto made_up = [&](const std::string& id) {
    return Provider::signed_by(provider_.key(), {{"alg", "ES256"}, {"kid", id}},
                               Provider::payload({}));
  };
  EXPECT_EQ(status(made_up("a")), 401) << "keys were fetched just now";
  api_.clock().advance(limits::kOidcFetchPause);
  int answered = 0;
  for (size_t i = 0; i < limits::kOidcWaitersMax + 5; ++i)
    api_.handle(whoami(made_up("k" + std::to_string(i))),
                [&](const Answer& answer) { answered += answer.status == 401; });
  EXPECT_EQ(answered, 5) << "no more than a bounded number wait";
  tokens_.refresh();
  EXPECT_EQ(answered, static_cast<int>(limits::kOidcWaitersMax) + 5);
  EXPECT_EQ(provider_.fetched.size(), 4U);
  EXPECT_EQ(tokens_.refresh(), Duration(limits::kOidcFetchPause));
  EXPECT_EQ(provider_.fetched.size(), 4U);
}

TEST_F(Oidc, A_withdrawn_key_ends_its_tokens) {
  const std::string token = provider_.token();
  EXPECT_EQ(status(token), 201);
  provider_.rotate();
  api_.clock().advance(limits::kOidcKeysFresh);
  tokens_.refresh();
  EXPECT_EQ(status(token), 401);
}

TEST_F(Oidc, A_provider_out_of_reach_changes_nothing_for_a_day) {
  const auto documents = std::exchange(provider_.documents, {});
  const auto fresh = [&] { return provider_.token({{"exp", 1780272000 + 200'000}}); };
  api_.clock().advance(limits::kOidcKeysFresh);
  EXPECT_EQ(tokens_.refresh(), Duration(limits::kOidcFetchPause)) << "tries again soon";
  EXPECT_EQ(status(fresh()), 201);
  api_.clock().advance(limits::kOidcKeysKept);
  tokens_.refresh();
  EXPECT_EQ(status(fresh()), 401);
  provider_.documents = documents;
  api_.clock().advance(limits::kOidcFetchPause);
  tokens_.refresh();
  EXPECT_EQ(status(fresh()), 201);
}

TEST_F(Oidc, A_configuration_that_speaks_for_another_is_not_believed) {
  for (const Json& configuration :
       {Json{{"issuer", "https://evil.example"}, {"jwks_uri", kIssuer + "/keys"}},
        Json{{"issuer", kIssuer}, {"jwks_uri", "http://login.example/keys"}},
        Json{{"issuer", kIssuer}}, Json::array()}) {
    Provider other;
    other.publish();
    other.documents[kIssuer + "/.well-known/openid-configuration"] = configuration;
    OidcTokens tokens(
        settings(), [&](const std::string& url) { return other.fetch(url); }, api_.clock());
    tokens.refresh();
    EXPECT_FALSE(tokens.verify(other.token(), {})) << configuration;
  }
}

TEST_F(Oidc, Nobody_waits_once_it_stopped) {
  api_.clock().advance(1min);
  provider_.rotate();
  int answer = 0;
  api_.handle(whoami(provider_.token()), [&](const Answer& got) { answer = got.status; });
  EXPECT_EQ(answer, 0);
  tokens_.stop();
  EXPECT_EQ(answer, 401);
  EXPECT_EQ(status(provider_.token()), 401);
}

/// Claims on top of good ones, and who comes out; empty: refused.
struct Mapping {
  std::string why;
  OidcSettings settings;
  Json claims;
  std::string user;
  std::vector<std::string> groups;
};

std::vector<Mapping> mappings() {
  const auto with = [](auto change) {
    OidcSettings out = settings();
    change(out);
    return out;
  };
  const OidcSettings email = with([](OidcSettings& s) { s.username_claim = "email"; });
  const OidcSettings groups = with([](OidcSettings& s) {
    s.username_prefix = "-", s.groups_claim = "groups", s.groups_prefix = "corp:";
  });
  const OidcSettings bare =
      with([](OidcSettings& s) { s.username_prefix = "-", s.groups_claim = "groups"; });
  const OidcSettings staff = with([](OidcSettings& s) {
    s.username_prefix = "-", s.required_claims = {{"hd", "corp"}};
  });
  return {
      {"prefix of one's own",
       with([](OidcSettings& s) { s.username_prefix = "oidc:"; }),
       {},
       "oidc:alice",
       {}},
      {"email needs no prefix", email, {{"email", "a@b"}}, "a@b", {}},
      {"verified email", email, {{"email", "a@b"}, {"email_verified", true}}, "a@b", {}},
      {"email not verified", email, {{"email", "a@b"}, {"email_verified", false}}, "", {}},
      {"email verified as text", email, {{"email", "a@b"}, {"email_verified", "true"}}, "", {}},
      {"groups", groups, {{"groups", {"dev", "ops"}}}, "alice", {"corp:dev", "corp:ops"}},
      {"one group as text", groups, {{"groups", "dev"}}, "alice", {"corp:dev"}},
      {"no groups", groups, {}, "alice", {}},
      {"groups are numbers", groups, {{"groups", {1}}}, "", {}},
      {"groups of the system", bare, {{"groups", {"system:masters"}}}, "", {}},
      {"user of the system", bare, {{"sub", "system:admin"}}, "", {}},
      {"groups not asked for",
       with([](OidcSettings& s) { s.username_prefix = "-"; }),
       {{"groups", {"dev"}}},
       "alice",
       {}},
      {"required claim", staff, {{"hd", "corp"}}, "alice", {}},
      {"required claim missing", staff, {}, "", {}},
      {"required claim differs", staff, {{"hd", "corp2"}}, "", {}},
  };
}

TEST(OidcClaims, Map_as_kubes_flags_say) {
  for (const Mapping& row : mappings()) {
    const auto owner = oidc_owner(row.settings, encode(Provider::payload(row.claims)));
    if (row.user.empty()) {
      EXPECT_FALSE(owner) << row.why;
      continue;
    }
    ASSERT_TRUE(owner) << row.why << ": " << owner.error().message;
    EXPECT_EQ(owner->caller.user, row.user) << row.why;
    EXPECT_EQ(owner->caller.groups, row.groups) << row.why;
  }
}

TEST(OidcClaims, A_claim_that_is_there_twice_is_refused) {
  std::string payload = encode(Provider::payload(Json::object()));
  payload.insert(1, R"("sub":"bob",)");
  EXPECT_FALSE(oidc_owner(settings(), payload));
}

TEST(OidcSettingsCheck, Name_the_flag) {
  const auto said = [](auto change) {
    OidcSettings out = settings();
    change(out);
    const Status status = check_oidc_settings(out);
    return status ? std::string()
                  : status.error().message.substr(0, status.error().message.find(':'));
  };
  EXPECT_EQ(said([](OidcSettings&) {}), "");
  for (const char* url :
       {"http://a", "https://", "login", "https://a?b", "https://a#b", "https://u@a"})
    EXPECT_EQ(said([&](OidcSettings& s) { s.issuer_url = url; }), "--oidc-issuer-url") << url;
  EXPECT_EQ(said([](OidcSettings& s) { s.client_id = ""; }), "--oidc-client-id");
  EXPECT_EQ(said([](OidcSettings& s) { s.username_claim = ""; }), "--oidc-username-claim");
  EXPECT_EQ(said([](OidcSettings& s) {
              s.signing_algorithms = {"RS256", "none"};
            }),
            "--oidc-signing-algs");
  EXPECT_EQ(said([](OidcSettings& s) { s.signing_algorithms = {}; }), "--oidc-signing-algs");
}

TEST_F(Oidc, Others_find_the_keys_of_ServiceAccounts_tokens) {
  const Json configuration = api_.get("/.well-known/openid-configuration").json();
  EXPECT_EQ(configuration["issuer"], accounts_.issuer());
  EXPECT_EQ(configuration["jwks_uri"], accounts_.issuer() + "/openid/v1/jwks");
  const Answer answer = api_.get("/openid/v1/jwks");
  EXPECT_EQ(answer.header("Content-Type"), "application/jwk-set+json");
  const auto keys = JsonWebKeys::parse(answer.json());
  ASSERT_TRUE(keys);
  TokenClaims claims;
  claims.subject = "system:serviceaccount:lab:robot", claims.id = "1", claims.ns = "lab",
  claims.account = "robot", claims.account_uid = "u";
  claims.issued = claims.not_before = api_.clock().now(), claims.expires = claims.issued + 1h;
  const std::string token = accounts_.issue(claims).value();
  const auto split = split_token(token).value();
  EXPECT_TRUE((*keys)->verify(split.key_id, split.algorithm, split.signed_part, split.signature));
  Ask nobody{"GET", "/openid/v1/jwks"};
  nobody.peer = Peer{"bob", {}};
  const Answer refused = api_.ask(std::move(nobody));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.header("X-Content-Type-Options"), "nosniff");
}

}  // namespace
}  // namespace charter::test
