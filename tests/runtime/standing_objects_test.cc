#include "controller/runtime/cluster_role_aggregation.h"
#include "controller/runtime/namespace_defaults.h"
#include "tests/support/local_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

const Gvr kClusterRoles{"rbac.authorization.k8s.io", "v1", "clusterroles"};
const Gvr kAccounts{"", "v1", "serviceaccounts"};

Json cluster_role(const std::string& name, const Json& more) {
  Json out = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
              {"kind", "ClusterRole"},
              {"metadata", {{"name", name}}}};
  out.merge_patch(more);
  return out;
}

Json rule(const char* verb) {
  return {{"verbs", {verb}}, {"apiGroups", {""}}, {"resources", {"configmaps"}}};
}

Json labelled(const char* verb) {
  return {{"metadata", {{"labels", {{"to", "sum"}}}}}, {"rules", {rule(verb)}}};
}

/// A manager with the controllers of this file.
class StandingObjects : public ::testing::Test {
 protected:
  StandingObjects() {
    add_cluster_role_aggregation(manager_);
    add_namespace_defaults(manager_, "the certificate");
    api_.create(
        kClusterRoles,
        cluster_role("sum", {{"aggregationRule",
                              {{"clusterRoleSelectors", {{{"matchLabels", {{"to", "sum"}}}}}}}}}));
  }
  void settle() { ASSERT_TRUE(manager_.settle(100'000).quiet); }
  Json rules() {
    return api_.get(kClusterRoles, {"", "sum"})->tree().value("rules", Json::array());
  }

  test::LocalApi api_;
  Manager manager_{api_.manager_parts()};
};

TEST_F(StandingObjects, Collects_the_rules_of_what_it_selects_each_once) {
  api_.create(kClusterRoles, cluster_role("a", labelled("get")));
  api_.create(kClusterRoles, cluster_role("b", labelled("list")));
  api_.create(kClusterRoles, cluster_role("c", labelled("get")));
  api_.create(kClusterRoles, cluster_role("other", {{"rules", {rule("delete")}}}));
  settle();
  EXPECT_EQ(rules(), Json::array({rule("get"), rule("list")}));
}

TEST_F(StandingObjects, Follows_changes_and_takes_back_what_nobody_gives_any_more) {
  api_.create(kClusterRoles, cluster_role("a", labelled("get")));
  settle();
  Json sum = api_.get(kClusterRoles, {"", "sum"})->tree();
  sum["rules"].push_back(rule("delete"));
  ASSERT_TRUE(api_.client()->update(kClusterRoles, sum, Part::Main));
  settle();
  EXPECT_EQ(rules(), Json::array({rule("get")}));
  api_.remove(kClusterRoles, {"", "a"});
  settle();
  EXPECT_EQ(rules(), Json::array());
}

TEST_F(StandingObjects, Writes_nothing_when_all_is_as_it_should_be) {
  settle();
  const int64_t before = api_.store().revision();
  api_.clock().advance(std::chrono::minutes(30));
  settle();
  EXPECT_EQ(api_.store().revision(), before);
}

TEST_F(StandingObjects, Namespaces_have_an_account_and_the_certificate_and_get_them_back) {
  settle();
  ASSERT_TRUE(api_.get(kAccounts, {"lab", "default"}));
  const Json root = api_.get(test::kConfigMaps, {"lab", "kube-root-ca.crt"})->tree();
  EXPECT_EQ(root["data"]["ca.crt"], "the certificate");
  api_.remove(kAccounts, {"lab", "default"});
  Json changed = root;
  changed["data"]["ca.crt"] = "another one";
  ASSERT_TRUE(api_.client()->update(test::kConfigMaps, changed, Part::Main));
  settle();
  EXPECT_TRUE(api_.get(kAccounts, {"lab", "default"}));
  EXPECT_EQ(api_.get(test::kConfigMaps, {"lab", "kube-root-ca.crt"})->tree()["data"]["ca.crt"],
            "the certificate");
}

TEST_F(StandingObjects, A_namespace_on_its_way_out_gets_nothing_new) {
  settle();
  api_.remove(test::kNamespaces, {"", "lab"});
  api_.remove(kAccounts, {"lab", "default"});
  settle();
  EXPECT_FALSE(api_.client()->get(kAccounts, {"lab", "default"}));
}

}  // namespace
}  // namespace charter
