#include "controller/api/rbac_install.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What kubectl auth asks: access reviews, rules reviews, who am I; and acting as somebody else.
namespace charter::test {
namespace {

const std::string kAuthorization = "/apis/authorization.k8s.io/v1/";
const std::string kSelf = kAuthorization + "selfsubjectaccessreviews";

Json review(const char* kind, Json spec) {
  return {{"apiVersion", "authorization.k8s.io/v1"}, {"kind", kind}, {"spec", std::move(spec)}};
}
Json can(const char* verb, const char* resource, const char* ns) {
  return review(
      "SelfSubjectAccessReview",
      {{"resourceAttributes",
        {{"verb", verb}, {"group", "shop.dev"}, {"resource", resource}, {"namespace", ns}}}});
}

class Reviews : public ::testing::Test {
 protected:
  Reviews() {
    EXPECT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
    put("roles", {{"kind", "Role"},
                  {"metadata", {{"name", "reader"}}},
                  {"rules",
                   {{{"verbs", {"get", "list"}},
                     {"apiGroups", {"shop.dev"}},
                     {"resources", {"widgets"}}}}}});
    put("rolebindings", {{"kind", "RoleBinding"},
                         {"metadata", {{"name", "readers"}}},
                         {"roleRef", {{"kind", "Role"}, {"name", "reader"}}},
                         {"subjects", {{{"kind", "User"}, {"name", "dev"}}}}});
  }
  void put(const std::string& resource, Json body, const std::string& ns = "namespaces/lab/") {
    body["apiVersion"] = "rbac.authorization.k8s.io/v1";
    const Answer made = api_.post("/apis/rbac.authorization.k8s.io/v1/" + ns + resource, body);
    ASSERT_EQ(made.status, 201) << made.body;
  }
  Answer post(const std::string& user, const std::string& target, const Json& body) {
    Ask what{"POST", target, encode(body)};
    what.peer = Peer{user, {}};
    return api_.ask(std::move(what));
  }
  Json status(const std::string& user, const std::string& target, const Json& body) {
    const Answer answer = post(user, target, body);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.json()["status"];
  }
  Answer acting(const std::string& user, std::vector<std::pair<std::string, std::string>> headers,
                const std::string& target = kWidgetsPath) {
    Ask what{"GET", target};
    what.peer = Peer{user, user == "admin" ? std::vector<std::string>{"system:masters"}
                                           : std::vector<std::string>{}};
    what.headers = std::move(headers);
    return api_.ask(std::move(what));
  }

  ServedApi api_;
};

TEST_F(Reviews, Answer_about_the_caller_with_the_reason) {
  EXPECT_EQ(
      status("dev", kSelf, can("list", "widgets", "lab")),
      (Json{{"allowed", true},
            {"reason",
             R"(RBAC: allowed by RoleBinding "readers/lab" of Role "reader" to User "dev")"}}));
  EXPECT_EQ(status("dev", kSelf, can("delete", "widgets", "lab")), (Json{{"allowed", false}}));
  EXPECT_EQ(status("dev", kSelf, can("list", "widgets", "")), (Json{{"allowed", false}}));
  const Json path = review("SelfSubjectAccessReview",
                           {{"nonResourceAttributes", {{"path", "/apis/x"}, {"verb", "get"}}}});
  EXPECT_EQ(status("dev", kSelf, path)["allowed"], true);
}

TEST_F(Reviews, A_question_is_about_one_thing) {
  const Answer none = post("dev", kSelf, review("SelfSubjectAccessReview", Json::object()));
  EXPECT_EQ(none.status, 422) << none.body;
  EXPECT_NE(none.message().find(
                "exactly one of nonResourceAttributes or resourceAttributes must be specified"),
            std::string::npos);
  Json both = can("list", "widgets", "lab");
  both["spec"]["nonResourceAttributes"] = {{"path", "/x"}};
  EXPECT_EQ(post("dev", kSelf, both).status, 422);
  EXPECT_EQ(post("dev", kSelf, Json::array()).status, 400);
  EXPECT_EQ(post("dev", kSelf, review("SelfSubjectRulesReview", Json::object())).status, 400);
}

TEST_F(Reviews, Fields_that_nobody_knows_are_told_or_refused) {
  Json odd = can("list", "widgets", "lab");
  odd["spec"]["bogus"] = 1;
  const Answer told = post("dev", kSelf, odd);
  EXPECT_EQ(told.warnings(), std::vector<std::string>{R"(299 - "unknown field \"spec.bogus\"")"});
  EXPECT_EQ(
      post("dev", kSelf + "?fieldValidation=Strict", odd).message(),
      R"(SelfSubjectAccessReview in version "v1" cannot be handled as a SelfSubjectAccessReview: strict decoding error: unknown field "spec.bogus")");
}

TEST_F(Reviews, Are_created_only_and_shown_in_discovery) {
  Ask get{"GET", kSelf};
  EXPECT_EQ(api_.ask(std::move(get)).status, 405);
  EXPECT_EQ(api_.remove(kSelf).status, 405);
  EXPECT_EQ(api_.get(kSelf + "/x").status, 405);
  const Json listed = api_.get("/apis/authorization.k8s.io/v1").json()["resources"];
  ASSERT_EQ(listed.size(), 4u);
  for (const Json& resource : listed)
    EXPECT_EQ(resource["verbs"], Json::array({"create"}));
  const Json tokens = api_.get("/api/v1").json()["resources"];
  EXPECT_TRUE(std::any_of(tokens.begin(), tokens.end(), [](const Json& one) {
    return one["name"] == "serviceaccounts/token" && one["kind"] == "TokenRequest";
  }));
  EXPECT_NE(
      api_.get("/openapi/v3/apis/authorization.k8s.io/v1").body.find("SelfSubjectAccessReview"),
      std::string::npos);
}

TEST_F(Reviews, About_others_need_the_right_to_ask) {
  Json about = can("list", "widgets", "lab");
  about["kind"] = "SubjectAccessReview";
  about["spec"]["user"] = "dev";
  EXPECT_EQ(post("dev", kAuthorization + "subjectaccessreviews", about).status, 403);
  EXPECT_EQ(api_.post(kAuthorization + "subjectaccessreviews", about).json()["status"]["allowed"],
            true);
  about["spec"]["user"] = "eve";
  EXPECT_EQ(api_.post(kAuthorization + "subjectaccessreviews", about).json()["status"],
            (Json{{"allowed", false}}));
  about["spec"].erase("user");
  EXPECT_EQ(api_.post(kAuthorization + "subjectaccessreviews", about).status, 422);
  about["kind"] = "LocalSubjectAccessReview";
  about["spec"]["user"] = "dev";
  EXPECT_EQ(api_.post(kAuthorization + "namespaces/lab/localsubjectaccessreviews", about)
                .json()["status"]["allowed"],
            true);
  EXPECT_EQ(
      api_.post(kAuthorization + "namespaces/default/localsubjectaccessreviews", about).status,
      422);
}

TEST_F(Reviews, List_the_rules_of_a_namespace) {
  const Json rules = status("dev", kAuthorization + "selfsubjectrulesreviews",
                            review("SelfSubjectRulesReview", {{"namespace", "lab"}}));
  EXPECT_EQ(rules["incomplete"], false);
  const Json own = {
      {"verbs", {"get", "list"}}, {"apiGroups", {"shop.dev"}}, {"resources", {"widgets"}}};
  EXPECT_NE(std::find(rules["resourceRules"].begin(), rules["resourceRules"].end(), own),
            rules["resourceRules"].end());
  EXPECT_FALSE(rules["nonResourceRules"].empty());
  EXPECT_EQ(post("dev", kAuthorization + "selfsubjectrulesreviews",
                 review("SelfSubjectRulesReview", Json::object()))
                .status,
            400);
}

TEST_F(Reviews, Say_who_the_caller_is) {
  const Json body = {{"apiVersion", "authentication.k8s.io/v1"}, {"kind", "SelfSubjectReview"}};
  const std::string path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  EXPECT_TRUE(post("dev", path, body).warnings().empty()) << "it has no spec to know";
  EXPECT_EQ(status("dev", path, body),
            (Json{{"userInfo", {{"username", "dev"}, {"groups", {"system:authenticated"}}}}}));
}

TEST_F(Reviews, To_act_as_another_needs_the_verb_impersonate) {
  EXPECT_EQ(acting("admin", {{"impersonate-user", "dev"}}).status, 200);
  EXPECT_EQ(
      acting("admin", {{"impersonate-user", "eve"}}).message(),
      R"(widgets.shop.dev is forbidden: User "eve" cannot list resource "widgets" in API group "shop.dev" in the namespace "lab")");
  EXPECT_EQ(
      acting("eve", {{"impersonate-user", "dev"}}).message(),
      R"(users "dev" is forbidden: User "eve" cannot impersonate resource "users" in API group "" at the cluster scope)");
  EXPECT_EQ(
      acting("eve", {{"impersonate-user", "system:serviceaccount:lab:sa"}}).message(),
      R"(serviceaccounts "sa" is forbidden: User "eve" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "lab")");
  put("clusterroles",
      {{"kind", "ClusterRole"},
       {"metadata", {{"name", "actor"}}},
       {"rules",
        {{{"verbs", {"impersonate"}},
          {"apiGroups", {""}},
          {"resources", {"users"}},
          {"resourceNames", {"dev"}}}}}},
      "");
  put("clusterrolebindings",
      {{"kind", "ClusterRoleBinding"},
       {"metadata", {{"name", "actor"}}},
       {"roleRef", {{"kind", "ClusterRole"}, {"name", "actor"}}},
       {"subjects", {{{"kind", "User"}, {"name", "eve"}}}}},
      "");
  EXPECT_EQ(acting("eve", {{"impersonate-user", "dev"}}).status, 200);
  EXPECT_EQ(
      acting("eve", {{"impersonate-user", "dev"}, {"impersonate-group", "system:masters"}})
          .message(),
      R"(groups "system:masters" is forbidden: User "eve" cannot impersonate resource "groups" in API group "" at the cluster scope)");
  EXPECT_EQ(
      acting("eve", {{"impersonate-user", "dev"}, {"impersonate-uid", "1"}}).message(),
      R"(uids.authentication.k8s.io "1" is forbidden: User "eve" cannot impersonate resource "uids" in API group "authentication.k8s.io" at the cluster scope)");
  EXPECT_EQ(
      acting("eve", {{"impersonate-user", "dev"}, {"impersonate-extra-acme.com%2Fteam", "x"}})
          .message(),
      R"(userextras.authentication.k8s.io "x" is forbidden: User "eve" cannot impersonate resource "userextras/acme.com/team" in API group "authentication.k8s.io" at the cluster scope)");
}

TEST_F(Reviews, An_impersonated_group_gives_its_rights_and_takes_ones_own) {
  EXPECT_EQ(
      acting("admin", {{"impersonate-user", "x"}, {"impersonate-group", "system:masters"}}).status,
      200);
  EXPECT_EQ(acting("admin", {{"impersonate-user", "system:anonymous"}}, "/api").status, 403);
  EXPECT_EQ(acting("admin", {{"impersonate-user", "x"}}, "/api").status, 200);
}

TEST_F(Reviews, Headers_that_do_not_fit_together_are_refused) {
  EXPECT_EQ(acting("admin", {{"impersonate-group", "dev"}}).status, 400);
  EXPECT_EQ(acting("admin", {{"impersonate-uid", "1"}}).status, 400);
  EXPECT_EQ(acting("admin", {{"impersonate-user", "a"}, {"impersonate-user", "dev"}}).status, 400);
  EXPECT_EQ(acting("admin", {{"impersonate-user", "a"}, {"impersonate-roles", "dev"}}).status, 400);
  EXPECT_EQ(acting("admin", {{"impersonate-user", "a"}, {"impersonate-extra-%zz", "dev"}}).status,
            400);
  EXPECT_EQ(acting("admin", {{"impersonate-user", std::string(2'000, 'x')}}).status, 400);
  std::vector<std::pair<std::string, std::string>> many(300, {"impersonate-group", "g"});
  many.emplace_back("impersonate-user", "a");
  EXPECT_EQ(acting("admin", std::move(many)).status, 400);
}

}  // namespace
}  // namespace charter::test
