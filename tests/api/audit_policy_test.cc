#include "controller/api/audit_policy.h"

#include "tests/support/audit_bench.h"

#include <gtest/gtest.h>

// Which rule holds for which request, and which files are refused.
namespace charter::test {
namespace {

AccessRequest about(const std::string& verb, const std::string& group, const std::string& resource,
                    const std::string& ns = {}, const std::string& name = {},
                    const std::string& subresource = {}) {
  AccessRequest out;
  out.verb = verb;
  out.group = group;
  out.resource = resource;
  out.ns = ns;
  out.name = name;
  out.subresource = subresource;
  return out;
}

AccessRequest path(const std::string& verb, const std::string& where) {
  AccessRequest out;
  out.verb = verb;
  out.path = where;
  return out;
}

AuditPolicy policy_of(const std::string& rules) {
  auto policy = parse_audit_policy("apiVersion: audit.k8s.io/v1\nkind: Policy\n" + rules);
  EXPECT_TRUE(policy.has_value()) << (policy ? "" : policy.error().message);
  return policy ? *policy : AuditPolicy();
}

/// What a policy with the one rule `{level: Metadata, FIELDS}` says.
bool fits(const std::string& fields, const AccessRequest& request, const Caller& caller = {}) {
  return policy_of("rules: [{level: Metadata, " + fields + "}]").judge(&caller, request).level ==
         AuditLevel::Metadata;
}

std::string refusal(const std::string& text) {
  const auto policy = parse_audit_policy(text);
  return policy ? "(accepted)" : policy.error().message;
}

std::string refused_rule(const std::string& rule) {
  return refusal("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [" + rule + "]");
}

TEST(AuditPolicyTable, Users_groups_and_verbs_fit_by_word) {
  const Caller fred{"fred", "", {"dev", "system:authenticated"}, "", {}};
  const AccessRequest get = about("get", "", "pods", "a", "x");
  EXPECT_TRUE(fits("users: [fred]", get, fred));
  EXPECT_FALSE(fits("users: [fre, fredd, '*']", get, fred));
  EXPECT_TRUE(fits("userGroups: [ops, dev]", get, fred));
  EXPECT_FALSE(fits("userGroups: [ops]", get, fred));
  EXPECT_FALSE(fits("users: [fred], userGroups: [ops]", get, fred));
  EXPECT_TRUE(fits("verbs: [get, list]", get));
  EXPECT_FALSE(fits("verbs: [watch]", get));
  EXPECT_TRUE(fits("verbs: [get]", path("get", "/x")));
}

TEST(AuditPolicyTable, Nobody_is_no_user_and_in_no_group) {
  const AuditPolicy policy =
      policy_of("rules: [{level: Request, users: ['']}, {level: Request, userGroups: [a]}]");
  EXPECT_EQ(policy.judge(nullptr, about("get", "", "pods")).level, AuditLevel::None);
  EXPECT_EQ(policy_of("rules: [{level: Metadata}]").judge(nullptr, about("get", "", "pods")).level,
            AuditLevel::Metadata);
}

TEST(AuditPolicyTable, Resources_fit_as_in_kubernetes) {
  const AccessRequest pod = about("get", "", "pods", "a", "x");
  const AccessRequest status = about("get", "", "pods", "a", "x", "status");
  const AccessRequest deployment = about("get", "apps", "deployments", "a", "x");
  EXPECT_TRUE(fits("resources: [{group: ''}]", pod));
  EXPECT_TRUE(fits("resources: [{group: ''}]", status));
  EXPECT_FALSE(fits("resources: [{group: ''}]", deployment));
  EXPECT_TRUE(fits("resources: [{resources: [pods]}]", pod));
  EXPECT_FALSE(fits("resources: [{resources: [pods]}]", status));
  EXPECT_TRUE(fits("resources: [{resources: [pods/status]}]", status));
  EXPECT_FALSE(fits("resources: [{resources: [pods/status]}]", pod));
  EXPECT_TRUE(fits("resources: [{resources: ['*']}]", status));
  EXPECT_TRUE(fits("resources: [{resources: ['pods/*']}]", status));
  EXPECT_TRUE(fits("resources: [{resources: ['pods/*']}]", pod));
  EXPECT_TRUE(fits("resources: [{resources: ['*/status']}]", status));
  EXPECT_FALSE(fits("resources: [{resources: ['*/status']}]", pod));
  EXPECT_FALSE(fits("resources: [{resources: ['*/scale']}]", status));
  EXPECT_TRUE(fits("resources: [{group: apps, resources: ['*']}]", deployment));
  EXPECT_FALSE(fits("resources: [{group: apps, resources: ['*']}]", pod));
  EXPECT_TRUE(fits("resources: [{resources: [pods], resourceNames: [x, z]}]", pod));
  EXPECT_FALSE(fits("resources: [{resources: [pods], resourceNames: [z]}]", pod));
  EXPECT_FALSE(fits("resources: [{resources: ['*']}]", path("get", "/healthz")));
}

TEST(AuditPolicyTable, Namespaces_and_paths_fit_as_in_kubernetes) {
  const AccessRequest pod = about("get", "", "pods", "a", "x");
  const AccessRequest node = about("get", "", "nodes");
  EXPECT_TRUE(fits("namespaces: [a, b]", pod));
  EXPECT_FALSE(fits("namespaces: [b]", pod));
  EXPECT_TRUE(fits("namespaces: ['']", node));
  EXPECT_FALSE(fits("namespaces: [a]", path("get", "/a")));
  EXPECT_TRUE(fits("nonResourceURLs: ['/healthz*']", path("get", "/healthz/ping")));
  EXPECT_TRUE(fits("nonResourceURLs: ['/healthz']", path("get", "/healthz")));
  EXPECT_FALSE(fits("nonResourceURLs: ['/healthz']", path("get", "/healthz/ping")));
  EXPECT_TRUE(fits("nonResourceURLs: ['*']", path("get", "/any/where")));
  EXPECT_FALSE(fits("nonResourceURLs: ['*']", pod));
}

TEST(AuditPolicyTable, The_first_rule_that_fits_decides_and_none_is_none) {
  const AuditPolicy policy = policy_of(
      "omitStages: [RequestReceived]\nomitManagedFields: true\nrules:\n"
      "- {level: None, verbs: [get]}\n"
      "- {level: RequestResponse, resources: [{resources: [pods]}], omitStages: [Panic]}\n"
      "- {level: Metadata, resources: [{resources: ['*']}], omitManagedFields: false}\n");
  EXPECT_EQ(policy.judge(nullptr, about("get", "", "pods")).level, AuditLevel::None);
  const AuditVerdict pods = policy.judge(nullptr, about("list", "", "pods"));
  EXPECT_EQ(pods.level, AuditLevel::RequestResponse);
  EXPECT_TRUE(pods.omitted.contains(AuditStage::RequestReceived));
  EXPECT_TRUE(pods.omitted.contains(AuditStage::Panic));
  EXPECT_FALSE(pods.omitted.contains(AuditStage::ResponseComplete));
  EXPECT_TRUE(pods.omit_managed_fields);
  const AuditVerdict nodes = policy.judge(nullptr, about("list", "", "nodes"));
  EXPECT_EQ(nodes.level, AuditLevel::Metadata);
  EXPECT_FALSE(nodes.omitted.contains(AuditStage::Panic));
  EXPECT_FALSE(nodes.omit_managed_fields);
  EXPECT_EQ(policy.judge(nullptr, about("list", "apps", "pods")).level, AuditLevel::None);
}

TEST(AuditPolicyTable, What_carries_credentials_is_never_above_metadata) {
  const AuditPolicy policy = policy_of("rules: [{level: RequestResponse}]");
  const auto level = [&](const AccessRequest& request) {
    return policy.judge(nullptr, request).level;
  };
  EXPECT_EQ(level(about("create", "", "secrets", "a")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("patch", "", "secrets", "a", "x", "status")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("create", "", "serviceaccounts", "a", "x", "token")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("create", "authentication.k8s.io", "tokenreviews")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("create", "", "serviceaccounts", "a", "x")), AuditLevel::RequestResponse);
  EXPECT_EQ(level(about("create", "shop.dev", "secrets", "a")), AuditLevel::RequestResponse);
}

TEST(AuditPolicyFile, The_builtin_policy_reads_no_probes_and_records_writes_and_reads_of_secrets) {
  const AuditPolicy policy = builtin_audit_policy();
  const auto level = [&](const AccessRequest& request) {
    return policy.judge(nullptr, request).level;
  };
  EXPECT_TRUE(policy.records_refusals);
  for (const char* one : {"/readyz", "/healthz", "/livez/ping", "/version", "/api", "/apis",
                          "/apis/apps/v1", "/openapi/v3", "/metrics"})
    EXPECT_EQ(level(path("get", one)), AuditLevel::None) << one;
  EXPECT_EQ(level(about("get", "shop.dev", "widgets", "a", "x")), AuditLevel::None);
  EXPECT_EQ(level(about("watch", "", "configmaps")), AuditLevel::None);
  EXPECT_EQ(level(about("create", "", "events", "a")), AuditLevel::None);
  EXPECT_EQ(level(about("update", "coordination.k8s.io", "leases", "a", "x")), AuditLevel::None);
  EXPECT_EQ(level(about("delete", "coordination.k8s.io", "leases", "a", "x")),
            AuditLevel::Metadata);
  EXPECT_EQ(level(about("get", "", "secrets", "a", "x")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("list", "", "secrets")), AuditLevel::Metadata);
  EXPECT_EQ(level(about("create", "authorization.k8s.io", "selfsubjectaccessreviews")),
            AuditLevel::Metadata);
  for (const char* verb : {"create", "update", "patch", "delete", "deletecollection"})
    EXPECT_EQ(level(about(verb, "shop.dev", "widgets", "a", "x")), AuditLevel::Metadata) << verb;
}

TEST(AuditPolicyFile, The_documentation_shows_the_builtin_policy) {
  const std::string root = CHARTER_SOURCE_DIR;
  const std::string policy = slurp(root + "/controller/api/policies/audit.yaml");
  const std::string shown = policy.substr(policy.find("apiVersion"));
  EXPECT_NE(slurp(root + "/docs/audit.md").find(shown), std::string::npos);
}

TEST(AuditPolicyFile, Json_is_read_as_well) {
  const auto policy = parse_audit_policy(
      R"({"apiVersion":"audit.k8s.io/v1","kind":"Policy","rules":[{"level":"Request"}]})");
  ASSERT_TRUE(policy.has_value());
  EXPECT_EQ(policy->rules[0].verdict.level, AuditLevel::Request);
}

TEST(AuditPolicyFile, What_is_wrong_is_refused_with_its_path) {
  EXPECT_EQ(refused_rule("{}"), "rules[0].level: Required value");
  EXPECT_EQ(refused_rule("{level: Everything}"),
            "rules[0].level: Unsupported value: \"Everything\": supported values: \"None\", "
            "\"Metadata\", \"Request\", \"RequestResponse\"");
  EXPECT_EQ(refused_rule("{level: None, user: [a]}"), "rules[0].user: unknown field");
  EXPECT_EQ(refused_rule("{level: None, resources: [{grup: a}]}"),
            "rules[0].resources[0].grup: unknown field");
  EXPECT_EQ(refused_rule("{level: None, level: Request}"), "rules[0].level: duplicate field");
  EXPECT_NE(refused_rule("{level: None, omitStages: [Panik]}").find("rules[0].omitStages[0]: "),
            std::string::npos);
  EXPECT_NE(refused_rule("{level: None, users: fred}").find("rules[0].users: "), std::string::npos);
  EXPECT_EQ(refused_rule("{level: None, nonResourceURLs: [healthz]}"),
            "rules[0].nonResourceURLs[0]: Invalid value: \"healthz\": non-resource URL rules must "
            "begin with a '/' character");
  EXPECT_EQ(refused_rule("{level: None, nonResourceURLs: ['/a*b']}"),
            "rules[0].nonResourceURLs[0]: Invalid value: \"/a*b\": non-resource URL wildcards '*' "
            "must be the final character of the rule");
  EXPECT_NE(refused_rule("{level: None, nonResourceURLs: [/a], namespaces: [b]}")
                .find("rules cannot apply to both regular resources and non-resource URLs"),
            std::string::npos);
  EXPECT_NE(refused_rule("{level: None, resources: [{group: apps/v1}]}")
                .find("rules[0].resources[0].group: Invalid value: \"apps/v1\""),
            std::string::npos);
  EXPECT_NE(refused_rule("{level: None, resources: [{resourceNames: [x]}]}")
                .find("using resourceNames requires at least one resource"),
            std::string::npos);
  EXPECT_NE(refusal("apiVersion: audit.k8s.io/v1\nkind: Policy").find("rules: Required value"),
            std::string::npos);
  EXPECT_NE(refusal("apiVersion: audit.k8s.io/v1beta1\nkind: Policy\nrules: [{level: None}]")
                .find("apiVersion: Unsupported value"),
            std::string::npos);
  EXPECT_NE(refusal("kind: [").find("yaml"), std::string::npos) << refusal("kind: [");
  EXPECT_EQ(refusal("[]"), "a policy must be an object");
}

}  // namespace
}  // namespace charter::test
