#include "controller/api/rbac_rule.h"

#include "controller/api/rbac_cover.h"
#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

AccessRequest ask(std::string verb, std::string group, std::string resource, std::string sub = "",
                  std::string name = "") {
  AccessRequest out;
  out.verb = std::move(verb);
  out.group = std::move(group);
  out.resource = std::move(resource);
  out.subresource = std::move(sub);
  out.name = std::move(name);
  return out;
}

AccessRequest ask_path(std::string verb, std::string path) {
  AccessRequest out;
  out.verb = std::move(verb);
  out.path = std::move(path);
  return out;
}

TEST(RbacRule, Verb_group_and_resource_must_all_fit) {
  const PolicyRule rule{{"get", "list"}, {"shop.dev"}, {"widgets"}, {}, {}};
  EXPECT_TRUE(allows(rule, ask("get", "shop.dev", "widgets")));
  EXPECT_FALSE(allows(rule, ask("update", "shop.dev", "widgets")));
  EXPECT_FALSE(allows(rule, ask("get", "", "widgets")));
  EXPECT_FALSE(allows(rule, ask("get", "shop.dev", "racks")));
  EXPECT_FALSE(allows(rule, ask("Get", "shop.dev", "widgets")));
}

TEST(RbacRule, A_resource_does_not_give_its_subresources) {
  const PolicyRule main{{"*"}, {"*"}, {"widgets"}, {}, {}};
  const PolicyRule status{{"*"}, {"*"}, {"widgets/status"}, {}, {}};
  const PolicyRule every_scale{{"*"}, {"*"}, {"*/scale"}, {}, {}};
  const PolicyRule all{{"*"}, {"*"}, {"*"}, {}, {}};
  EXPECT_FALSE(allows(main, ask("get", "shop.dev", "widgets", "status")));
  EXPECT_TRUE(allows(status, ask("get", "shop.dev", "widgets", "status")));
  EXPECT_FALSE(allows(status, ask("get", "shop.dev", "widgets")));
  EXPECT_TRUE(allows(every_scale, ask("get", "shop.dev", "racks", "scale")));
  EXPECT_FALSE(allows(every_scale, ask("get", "shop.dev", "racks")));
  EXPECT_FALSE(allows(every_scale, ask("get", "shop.dev", "racks", "status")));
  EXPECT_TRUE(allows(all, ask("get", "shop.dev", "racks", "status")));
}

TEST(RbacRule, Named_rules_allow_those_names_only) {
  const PolicyRule rule{{"get", "list", "create"}, {""}, {"secrets"}, {"a", "*"}, {}};
  EXPECT_TRUE(allows(rule, ask("get", "", "secrets", "", "a")));
  EXPECT_FALSE(allows(rule, ask("get", "", "secrets", "", "b")));
  EXPECT_FALSE(allows(rule, ask("create", "", "secrets")));
}

TEST(RbacRule, Paths_match_exactly_or_by_prefix_and_never_resources) {
  const PolicyRule rule{{"get"}, {}, {}, {}, {"/healthz", "/apis/*"}};
  EXPECT_TRUE(allows(rule, ask_path("get", "/healthz")));
  EXPECT_TRUE(allows(rule, ask_path("get", "/apis/shop.dev")));
  EXPECT_FALSE(allows(rule, ask_path("get", "/apis")));
  EXPECT_FALSE(allows(rule, ask_path("get", "/healthz/x")));
  EXPECT_FALSE(allows(rule, ask_path("post", "/healthz")));
  EXPECT_TRUE(allows({{"*"}, {}, {}, {}, {"*"}}, ask_path("get", "/metrics")));
  EXPECT_FALSE(allows({{"*"}, {"*"}, {"*"}, {}, {}}, ask_path("get", "/metrics")));
  EXPECT_FALSE(allows({{"*"}, {}, {}, {}, {"*"}}, ask("get", "", "secrets")));
}

TEST(RbacRule, What_is_of_the_wrong_type_gives_nothing) {
  const Json role = {
      {"rules", {{{"verbs", "get"}, {"apiGroups", {1, "a"}}, {"resources", {"x"}}}, 7}}};
  const auto rules = read_rules(role);
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_TRUE(rules[0].verbs.empty());
  EXPECT_EQ(rules[0].api_groups, std::vector<std::string>{"a"});
  EXPECT_TRUE(read_rules(Json::array()).empty());
}

TEST(RbacRule, Is_printed_as_kube_prints_it) {
  EXPECT_EQ(
      to_string({{"get", "list"}, {"", "apps"}, {"deployments"}, {"x"}, {}}),
      R"({APIGroups:["" "apps"], Resources:["deployments"], ResourceNames:["x"], Verbs:["get" "list"]})");
}

std::vector<PolicyRule> missing(const std::vector<PolicyRule>& held,
                                const std::vector<PolicyRule>& wanted) {
  auto found = missing_rules(held, wanted);
  EXPECT_TRUE(found.has_value());
  return found ? *found : std::vector<PolicyRule>{};
}

TEST(RbacCover, A_rule_may_be_covered_by_several_together) {
  const std::vector<PolicyRule> held = {{{"get"}, {"a"}, {"x", "y"}, {}, {}},
                                        {{"list"}, {"a"}, {"*"}, {}, {}}};
  EXPECT_TRUE(missing(held, {{{"get", "list"}, {"a"}, {"x"}, {}, {}}}).empty());
  EXPECT_EQ(missing(held, {{{"get", "list", "watch"}, {"a"}, {"x", "z"}, {}, {}}}),
            (std::vector<PolicyRule>{{{"watch"}, {"a"}, {"x"}, {}, {}},
                                     {{"get", "watch"}, {"a"}, {"z"}, {}, {}}}));
}

TEST(RbacCover, A_star_is_covered_by_a_star_only) {
  const std::vector<PolicyRule> many = {
      {{"get", "list", "watch", "create", "update", "patch", "delete"}, {"a"}, {"x"}, {}, {}}};
  EXPECT_FALSE(missing(many, {{{"*"}, {"a"}, {"x"}, {}, {}}}).empty());
  EXPECT_FALSE(missing(many, {{{"get"}, {"*"}, {"x"}, {}, {}}}).empty());
  EXPECT_TRUE(missing({{{"*"}, {"*"}, {"*"}, {}, {}}}, {{{"*"}, {"*"}, {"*"}, {}, {}}}).empty());
  EXPECT_FALSE(
      missing({{{"*"}, {"*"}, {"*"}, {}, {}}}, {{{"get"}, {}, {}, {}, {"/metrics"}}}).empty());
}

TEST(RbacCover, Names_subresources_and_paths_narrow) {
  const std::vector<PolicyRule> named = {{{"get"}, {"a"}, {"x"}, {"n"}, {}}};
  EXPECT_TRUE(missing(named, {{{"get"}, {"a"}, {"x"}, {"n"}, {}}}).empty());
  EXPECT_FALSE(missing(named, {{{"get"}, {"a"}, {"x"}, {}, {}}}).empty());
  EXPECT_FALSE(missing(named, {{{"get"}, {"a"}, {"x"}, {"m"}, {}}}).empty());
  EXPECT_TRUE(missing({{{"get"}, {"a"}, {"*/scale"}, {}, {}}},
                      {{{"get"}, {"a"}, {"x/scale", "*/scale"}, {}, {}}})
                  .empty());
  EXPECT_FALSE(
      missing({{{"get"}, {"a"}, {"x"}, {}, {}}}, {{{"get"}, {"a"}, {"x/scale"}, {}, {}}}).empty());
  EXPECT_TRUE(
      missing({{{"get"}, {}, {}, {}, {"/a/*"}}}, {{{"get"}, {}, {}, {}, {"/a/b", "/a/b/*"}}})
          .empty());
  EXPECT_FALSE(
      missing({{{"get"}, {}, {}, {}, {"/a/b"}}}, {{{"get"}, {}, {}, {}, {"/a/*"}}}).empty());
}

TEST(RbacCover, More_permissions_than_can_be_checked_are_refused) {
  std::vector<std::string> many;
  for (size_t i = 0; i < 200; ++i)
    many.push_back("r" + std::to_string(i));
  const auto refused = missing_rules({}, {{many, {"a"}, many, {}, {}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Forbidden);
}

}  // namespace
}  // namespace charter
