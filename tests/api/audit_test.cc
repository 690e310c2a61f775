#include "controller/api/audit.h"

#include "controller/api/service_account_tokens.h"
#include "controller/api/signing_keys.h"
#include "controller/api/token_review.h"
#include "tests/support/audit_bench.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <filesystem>
#include <sys/resource.h>

// What each kind of request leaves in the log.
namespace charter::test {
namespace {

constexpr const char* kEverything =
    "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: RequestResponse}]}";
constexpr const char* kMetadata =
    "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Metadata}]}";
const std::string kSecretWord = "c3VwZXItc2VjcmV0LXdvcmQ=";  // base64 of the next
const std::string kPlainSecretWord = "super-secret-word";

/// An API whose requests are recorded by a policy.
class AuditTest : public ::testing::Test {
 protected:
  void audit(const std::string& policy, AuditMode mode = AuditMode::BlockingStrict) {
    auto parsed = parse_audit_policy(policy);
    ASSERT_TRUE(parsed.has_value());
    use(std::move(*parsed), mode);
  }
  void use(AuditPolicy policy, AuditMode mode = AuditMode::BlockingStrict) {
    log_ = bench_.open();
    audit_ =
        std::make_unique<Audit>(std::move(policy), mode, *log_, api_.clock(), bench_.metrics());
    api_.server().use_audit(*audit_);
  }
  /// Records of the request with that Audit-ID, in the order of the log.
  std::vector<Json> records(const Answer& answer) {
    return bench_.events_with("auditID", answer.header("Audit-Id"));
  }
  /// The record of the answer; the test fails unless the request has `count` of them.
  Json last(const Answer& answer, size_t count) {
    const std::vector<Json> all = records(answer);
    EXPECT_EQ(all.size(), count) << bench_.text();
    return all.empty() ? Json() : all.back();
  }
  static std::string stage(const Json& event) { return text_at(event, {"stage"}); }

  AuditBench bench_;
  std::unique_ptr<AuditLog> log_;
  std::unique_ptr<Audit> audit_;
  ServedApi api_;
};

TEST_F(AuditTest, A_create_has_a_record_before_and_one_after_with_all_members_of_an_event) {
  audit(kMetadata);
  const Answer answer =
      api_.ask({"POST",
                kWidgetsPath + "?fieldManager=me&token=abc",
                encode(shop_widget("a")),
                "application/json",
                {{"user-agent", "kubectl/v1"}, {"x-forwarded-for", "203.0.113.9"}},
                Peer{"fred", {"system:masters", "dev"}}});
  ASSERT_EQ(answer.status, 201);
  const std::vector<Json> all = records(answer);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(stage(all[0]), "RequestReceived");
  EXPECT_EQ(stage(all[1]), "ResponseComplete");
  EXPECT_FALSE(all[0].contains("responseStatus"));
  const Json& event = all[1];
  EXPECT_EQ(event["kind"], "Event");
  EXPECT_EQ(event["apiVersion"], "audit.k8s.io/v1");
  EXPECT_EQ(event["level"], "Metadata");
  EXPECT_EQ(event["requestURI"], kWidgetsPath + "?fieldManager=me&token=masked");
  EXPECT_EQ(event["verb"], "create");
  EXPECT_EQ(event["user"]["username"], "fred");
  EXPECT_EQ(event["user"]["groups"], (Json{"system:masters", "dev", "system:authenticated"}));
  EXPECT_EQ(event["sourceIPs"], Json::array({"203.0.113.9"}));
  EXPECT_EQ(event["userAgent"], "kubectl/v1");
  const Json stored = api_.get(kWidgetsPath + "/a").json();
  EXPECT_EQ(event["objectRef"], (Json{{"resource", "widgets"},
                                      {"namespace", "lab"},
                                      {"name", "a"},
                                      {"uid", stored["metadata"]["uid"]},
                                      {"apiGroup", "shop.dev"},
                                      {"apiVersion", "v1"},
                                      {"resourceVersion", stored["metadata"]["resourceVersion"]}}));
  EXPECT_EQ(event["responseStatus"], (Json{{"metadata", Json::object()}, {"code", 201}}));
  EXPECT_FALSE(event.contains("requestObject"));
  EXPECT_EQ(event["requestReceivedTimestamp"], "2026-06-01T00:00:00.000000Z");
  EXPECT_EQ(event["stageTimestamp"], "2026-06-01T00:00:00.000000Z");
  EXPECT_EQ(event["annotations"]["authorization.k8s.io/decision"], "allow");
  EXPECT_EQ(event["annotations"]["authorization.k8s.io/reason"], "");
}

TEST_F(AuditTest, Every_verb_is_recorded_with_its_word_and_its_object) {
  audit(kMetadata);
  struct Row {
    std::string verb, name, subresource;
    Answer answer;
  };
  std::vector<Row> rows;
  const std::string a = kWidgetsPath + "/a";
  rows.push_back({"create", "a", "", api_.post(kWidgetsPath, shop_widget("a"))});
  rows.push_back({"get", "a", "", api_.get(a)});
  rows.push_back({"list", "", "", api_.get(kWidgetsPath)});
  rows.push_back({"list", "a", "", api_.get(kWidgetsPath + "?fieldSelector=metadata.name%3Da")});
  rows.push_back({"update", "a", "",
                  api_.put(a, shop_widget("a", {{"size", 4}},
                                          {{"resourceVersion",
                                            api_.get(a).json()["metadata"]["resourceVersion"]}}))});
  rows.push_back({"patch", "a", "", api_.merge(a, {{"spec", {{"size", 5}}}})});
  rows.push_back(
      {"patch", "a", "",
       api_.apply(a, shop_widget("a", {{"color", "red"}, {"size", 5}}), "m", "&force=true")});
  rows.push_back(
      {"patch", "a", "status", api_.merge(a + "/status", {{"status", {{"phase", "x"}}}})});
  rows.push_back({"patch", "a", "scale", api_.merge(a + "/scale", {{"spec", {{"replicas", 2}}}})});
  rows.push_back({"get", "a", "scale", api_.get(a + "/scale")});
  rows.push_back({"delete", "a", "", api_.remove(a)});
  rows.push_back({"deletecollection", "", "", api_.remove(kWidgetsPath)});
  rows.push_back({"create", "", "",
                  api_.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                            {{"apiVersion", "authorization.k8s.io/v1"},
                             {"kind", "SelfSubjectAccessReview"},
                             {"spec", {{"resourceAttributes", {{"verb", "get"}}}}}})});
  for (const Row& row : rows) {
    EXPECT_LT(row.answer.status, 300) << row.verb << row.answer.body;
    const Json event = last(row.answer, 2);
    EXPECT_EQ(event["verb"], row.verb);
    EXPECT_EQ(text_at(event, {"objectRef", "name"}), row.name) << row.verb;
    EXPECT_EQ(text_at(event, {"objectRef", "subresource"}), row.subresource) << row.verb;
    EXPECT_EQ(event["responseStatus"]["code"], row.answer.status) << row.verb;
  }
}

TEST_F(AuditTest, A_watch_has_records_at_its_start_and_at_its_end) {
  audit(kMetadata);
  Answer answer = api_.get(kWidgetsPath + "?watch=1");
  ASSERT_TRUE(answer.stream != nullptr);
  std::vector<Json> all = records(answer);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(stage(all[1]), "ResponseStarted");
  EXPECT_EQ(all[1]["verb"], "watch");
  drain(*answer.stream);
  answer.stream.reset();
  all = records(answer);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(stage(all[2]), "ResponseComplete");
  EXPECT_EQ(all[2]["responseStatus"]["code"], 200);
}

TEST_F(AuditTest, A_failure_is_recorded_with_its_words) {
  audit(kMetadata);
  const Json event = last(api_.get(kWidgetsPath + "/none"), 2);
  EXPECT_EQ(event["responseStatus"], (Json{{"metadata", Json::object()},
                                           {"status", "Failure"},
                                           {"reason", "NotFound"},
                                           {"message", "widgets.shop.dev \"none\" not found"},
                                           {"code", 404}}));
}

TEST_F(AuditTest, Who_may_not_and_who_is_nobody_is_recorded_once) {
  audit(kMetadata);
  const Answer denied = api_.ask(
      {"POST", kWidgetsPath, encode(shop_widget("a")), "application/json", {}, Peer{"eve", {}}});
  ASSERT_EQ(denied.status, 403);
  const Json event = last(denied, 1);
  EXPECT_EQ(stage(event), "ResponseComplete");
  EXPECT_EQ(event["user"]["username"], "eve");
  EXPECT_EQ(event["annotations"]["authorization.k8s.io/decision"], "forbid");
  const Answer nobody = api_.ask(
      {"GET", kWidgetsPath, "", "", {{"authorization", "Bearer wrong-token"}}, std::nullopt});
  ASSERT_EQ(nobody.status, 401);
  const Json refused = last(nobody, 1);
  EXPECT_EQ(refused["user"], Json::object());
  EXPECT_EQ(refused["responseStatus"]["code"], 401);
  EXPECT_FALSE(refused["annotations"].contains("authorization.k8s.io/decision"));
  EXPECT_EQ(bench_.text().find("wrong-token"), std::string::npos);
}

TEST_F(AuditTest, Who_acts_for_another_is_recorded_with_both) {
  audit(kMetadata);
  const Json event =
      last(api_.ask({"GET",
                     kWidgetsPath,
                     "",
                     "",
                     {{"impersonate-user", "fred"}, {"impersonate-group", "system:masters"}}}),
           2);
  EXPECT_EQ(event["user"]["username"], "admin");
  EXPECT_EQ(event["impersonatedUser"]["username"], "fred");
}

TEST_F(AuditTest, A_clients_own_id_is_kept_and_one_that_is_none_is_not) {
  audit(kMetadata);
  const Answer own = api_.ask({"GET", kWidgetsPath, "", "", {{"audit-id", "my-id-1"}}});
  EXPECT_EQ(own.header("Audit-Id"), "my-id-1");
  EXPECT_EQ(records(own).size(), 2U);
  const Answer strange = api_.ask({"GET", kWidgetsPath, "", "", {{"audit-id", "a b"}}});
  EXPECT_NE(strange.header("Audit-Id"), "a b");
  const Answer huge =
      api_.ask({"GET", kWidgetsPath, "", "", {{"audit-id", std::string(5'000, 'a')}}});
  EXPECT_LT(huge.header("Audit-Id").size(), 100U);
}

TEST_F(AuditTest, Bodies_are_recorded_at_their_levels_as_one_line_of_json) {
  audit(
      "{apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{level: Request, verbs: [update]}, "
      "{level: RequestResponse}]}");
  const Answer yaml =
      api_.ask({"POST", kWidgetsPath,
                "apiVersion: shop.dev/v1\nkind: Widget\nmetadata:\n  name: a\nspec:\n  size: 3\n",
                "application/yaml"});
  ASSERT_EQ(yaml.status, 201) << yaml.body;
  const Json created = last(yaml, 2);
  EXPECT_EQ(created["requestObject"]["spec"], (Json{{"size", 3}}));
  EXPECT_EQ(created["responseObject"]["spec"]["color"], "red");
  EXPECT_TRUE(created["responseObject"]["metadata"].contains("managedFields"));
  const Json updated = last(api_.put(kWidgetsPath + "/a", shop_widget("a", {{"size", 4}})), 2);
  EXPECT_EQ(updated["requestObject"]["spec"]["size"], 4);
  EXPECT_FALSE(updated.contains("responseObject"));
  const Json patched =
      last(api_.json_patch(kWidgetsPath + "/a",
                           {{{"op", "replace"}, {"path", "/spec/size"}, {"value", 6}}}),
           2);
  EXPECT_EQ(patched["requestObject"][0]["value"], 6);
  const Json read =
      last(api_.ask({"GET", kWidgetsPath + "/a", "", "", {{"accept", "application/yaml"}}}), 2);
  EXPECT_EQ(read["responseObject"]["spec"]["size"], 6);
  const Json broken = last(api_.ask({"POST", kWidgetsPath, "{\"kind\":"}), 2);
  EXPECT_EQ(broken["responseStatus"]["code"], 400);
  EXPECT_FALSE(broken.contains("requestObject"));
  const Json configmap = last(api_.ask({"GET",
                                        "/api/v1/namespaces/lab",
                                        "",
                                        "",
                                        {{"accept", "application/vnd.kubernetes.protobuf"}}}),
                              2);
  EXPECT_EQ(configmap["responseObject"]["metadata"]["name"], "lab");
}

TEST_F(AuditTest, Managed_fields_are_left_out_when_the_policy_says_so) {
  audit(
      "{apiVersion: audit.k8s.io/v1, kind: Policy, omitManagedFields: true, rules: [{level: "
      "RequestResponse}]}");
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
  const Json list = last(api_.get(kWidgetsPath), 2);
  ASSERT_EQ(list["responseObject"]["items"].size(), 1U);
  EXPECT_EQ(bench_.text().find("managedFields"), std::string::npos);
}

TEST_F(AuditTest, No_byte_of_a_secret_is_recorded_whatever_the_policy_says) {
  audit(kEverything);
  const std::string secrets = "/api/v1/namespaces/lab/secrets";
  const Json secret = {{"apiVersion", "v1"},
                       {"kind", "Secret"},
                       {"metadata", {{"name", "s"}}},
                       {"data", {{"p", kSecretWord}}}};
  ASSERT_EQ(api_.post(secrets, secret).status, 201);
  ASSERT_EQ(api_.get(secrets + "/s").status, 200);
  ASSERT_EQ(api_.get(secrets).status, 200);
  ASSERT_EQ(api_.get("/api/v1/secrets").status, 200);
  ASSERT_EQ(api_.merge(secrets + "/s", {{"stringData", {{"q", kPlainSecretWord}}}}).status, 200);
  api_.put(secrets + "/s", secret);
  api_.apply(secrets + "/s", secret, "m", "&force=true");
  // Refused ones: their complaint may quote what was sent.
  Json wrong = secret;
  wrong["data"]["p"] = kPlainSecretWord;
  EXPECT_GE(api_.put(secrets + "/s", wrong).status, 400);
  wrong = secret;
  wrong["type"] = kPlainSecretWord + " " + kPlainSecretWord;
  wrong["metadata"]["name"] = kPlainSecretWord + "_";
  api_.post(secrets, wrong);
  api_.ask({"POST", secrets, "{\"data\": {\"x\": " + kPlainSecretWord});
  // Sent to the wrong place.
  EXPECT_GE(api_.post("/api/v1/namespaces/lab/configmaps", secret).status, 400);
  EXPECT_GE(api_.post(kWidgetsPath, secret).status, 400);
  api_.get(secrets + "?fieldSelector=data.p%3D" + kSecretWord);
  api_.get("/api/v1/namespaces/lab?token=" + kPlainSecretWord);
  const Json review = {{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenReview"},
                       {"spec", {{"token", kPlainSecretWord}}}};
  EXPECT_EQ(api_.post("/apis/authentication.k8s.io/v1/tokenreviews", review).status, 201);
  ASSERT_EQ(api_.remove(secrets + "/s").status, 200);
  EXPECT_EQ(bench_.text().find(kSecretWord), std::string::npos);
  EXPECT_EQ(bench_.text().find(kPlainSecretWord), std::string::npos);
  EXPECT_GT(bench_.events_with("level", "Metadata").size(), 20U);
}

TEST_F(AuditTest, No_byte_of_an_issued_or_used_token_is_recorded) {
  auto keys = SigningKeys::load({*make_signing_key()});
  ASSERT_TRUE(keys.has_value());
  const ServiceAccountTokens accounts{{api_.store(), api_.clock(), *keys}};
  const TokenChain chain{{&accounts}};
  api_.server().use_tokens(chain, accounts);
  audit(kEverything);
  const std::string path = "/api/v1/namespaces/lab/serviceaccounts";
  ASSERT_EQ(api_.post(path, {{"apiVersion", "v1"},
                             {"kind", "ServiceAccount"},
                             {"metadata", {{"name", "robot"}}}})
                .status,
            201);
  const Answer issued =
      api_.post(path + "/robot/token", {{"apiVersion", "authentication.k8s.io/v1"},
                                        {"kind", "TokenRequest"},
                                        {"spec", Json::object()}});
  ASSERT_EQ(issued.status, 201) << issued.body;
  const Json event = last(issued, 2);
  EXPECT_EQ(event["level"], "Metadata");
  EXPECT_EQ(event["objectRef"]["subresource"], "token");
  const std::string token = text_at(issued.json(), {"status", "token"});
  ASSERT_GT(token.size(), 50U);
  const Answer used =
      api_.ask({"GET", kWidgetsPath, "", "", {{"authorization", "Bearer " + token}}, std::nullopt});
  EXPECT_EQ(last(used, 1)["user"]["username"], "system:serviceaccount:lab:robot");
  EXPECT_EQ(bench_.text().find(token), std::string::npos);
}

TEST_F(AuditTest, The_stage_before_an_effect_can_not_be_left_out_and_that_of_a_read_can) {
  audit(
      "{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: "
      "Metadata}]}");
  EXPECT_EQ(records(api_.post(kWidgetsPath, shop_widget("a"))).size(), 2U);
  EXPECT_EQ(records(api_.get(kWidgetsPath)).size(), 1U);
}

TEST_F(AuditTest, A_dry_run_is_recorded_as_every_write) {
  audit(kMetadata);
  const Json event = last(api_.post(kWidgetsPath + "?dryRun=All", shop_widget("a")), 2);
  EXPECT_EQ(event["requestURI"], kWidgetsPath + "?dryRun=All");
  EXPECT_FALSE(event["objectRef"].contains("resourceVersion"));
}

TEST_F(AuditTest, The_builtin_policy_records_refused_reads_and_no_others) {
  use(builtin_audit_policy());
  EXPECT_TRUE(records(api_.get(kWidgetsPath)).empty());
  EXPECT_TRUE(records(api_.get("/readyz")).empty());
  const Answer denied = api_.ask({"GET", kWidgetsPath, "", "", {}, Peer{"eve", {}}});
  ASSERT_EQ(denied.status, 403);
  const Json event = last(denied, 1);
  EXPECT_EQ(event["user"]["username"], "eve");
  EXPECT_EQ(event["annotations"]["authorization.k8s.io/decision"], "forbid");
  const Answer asked = api_.ask({"GET", kWidgetsPath, "", "", {{"impersonate-user", "eve"}}});
  ASSERT_EQ(asked.status, 403);
  EXPECT_EQ(last(asked, 1)["user"]["username"], "admin");
  EXPECT_EQ(
      last(api_.ask({"GET", kWidgetsPath, "", "", {{"authorization", "Bearer x"}}, std::nullopt}),
           1)["responseStatus"]["code"],
      401);
}

TEST_F(AuditTest, Without_room_nothing_is_changed_reads_go_on_and_readyz_says_why) {
  use(builtin_audit_policy());
  api_.server().set_ready(true);
  ASSERT_EQ(api_.get("/readyz").status, 200);
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{std::filesystem::file_size(bench_.path()) + 50, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Answer refused = api_.post(kWidgetsPath, shop_widget("a"));
  const Answer deleted = api_.remove(kRacksPath);
  const Answer read = api_.get(kWidgetsPath + "/a");
  const Answer secret = api_.get("/api/v1/namespaces/lab/secrets");
  const Answer ready = api_.get("/readyz");
  const Answer live = api_.get("/livez");
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(refused.status, 507) << refused.body;
  EXPECT_NE(refused.message().find("audit.log: cannot write: no space left"), std::string::npos);
  EXPECT_FALSE(refused.header("Retry-After").empty());
  EXPECT_EQ(deleted.status, 507);
  EXPECT_EQ(read.status, 404) << "the create had no effect";
  EXPECT_EQ(secret.status, 200);
  EXPECT_EQ(ready.status, 503);
  EXPECT_NE(ready.body.find("audit: "), std::string::npos) << ready.body;
  EXPECT_EQ(live.status, 200);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
  EXPECT_EQ(api_.get("/readyz").status, 200);
  EXPECT_EQ(bench_.events_with("verb", "gap").size(), 1U);
  EXPECT_NE(bench_.metrics().expose().find("apiserver_audit_requests_rejected_total 2"),
            std::string::npos);
}

TEST_F(AuditTest, Best_effort_goes_on_without_room) {
  use(builtin_audit_policy(), AuditMode::BestEffort);
  api_.server().set_ready(true);
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{std::filesystem::file_size(bench_.path()) + 50, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Answer created = api_.post(kWidgetsPath, shop_widget("a"));
  const Answer ready = api_.get("/readyz");
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(created.status, 201);
  EXPECT_EQ(ready.status, 200);
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("b")).status, 201);
  const auto gaps = bench_.events_with("verb", "gap");
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_TRUE(text_at(gaps[0], {"annotations", "audit.charter.dev/note"})
                  .starts_with("2 records were lost"));
}

TEST_F(AuditTest, A_request_that_nobody_answers_ends_in_panic) {
  audit(kMetadata);
  HttpRequest request;
  request.method = "GET";
  Route route;
  AccessRequest access;
  access.verb = "get";
  access.path = "/x";
  const std::string id = "lost-1";
  audit_->begin({request, route, access, nullptr, id, api_.clock().now()}).reset();
  const auto all = bench_.events_with("auditID", id);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(stage(all[0]), "Panic");
  EXPECT_EQ(all[0]["responseStatus"]["code"], 500);
}

TEST_F(AuditTest, Levels_are_counted_as_in_kubernetes) {
  use(builtin_audit_policy());
  api_.get(kWidgetsPath);
  api_.get("/api/v1/secrets");
  const std::string metrics = bench_.metrics().expose();
  EXPECT_NE(metrics.find("apiserver_audit_level_total{level=\"None\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("apiserver_audit_level_total{level=\"Metadata\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace charter::test
