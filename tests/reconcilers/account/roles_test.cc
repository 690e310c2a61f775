#include "reconcilers/account/roles.h"

#include "crds/types/kinds.h"
#include "reconcilers/account/admit.h"
#include "reconcilers/common/naming.h"
#include "tests/reconcilers/contract/samples.h"
#include "tests/reconcilers/map_view.h"
#include "tests/support/world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace charter::account {
namespace {

/// What a permission gives in a namespace: "verb resource" of each single permission, groups left
/// out where there is one.
std::set<std::string> granted(Permission permission) {
  std::set<std::string> out;
  for (const Json& rule : namespace_rules(permission)) {
    EXPECT_FALSE(rule.contains("resourceNames"));
    EXPECT_EQ(rule["apiGroups"].size(), 1u);
    for (const Json& resource : rule["resources"]) {
      for (const Json& verb : rule["verbs"]) {
        EXPECT_NE(verb, "*");
        out.insert(verb.get<std::string>() + " " + resource.get<std::string>());
      }
    }
  }
  return out;
}

std::set<std::string> crossed(const std::string& resource,
                              std::initializer_list<const char*> verbs) {
  std::set<std::string> out;
  for (const char* verb : verbs)
    out.insert(std::string(verb) + " " + resource);
  return out;
}

std::set<std::string> together(std::initializer_list<std::set<std::string>> parts) {
  std::set<std::string> out;
  for (const auto& part : parts)
    out.insert(part.begin(), part.end());
  return out;
}

TEST(AccountPermissions, AreThisTable) {
  const auto read = [](const char* resource) {
    return crossed(resource, {"get", "list", "watch"});
  };
  const auto contracts = together({read("contracts"), crossed("contracts", {"update", "patch"})});
  EXPECT_EQ(granted(Permission::RequestContract),
            together({contracts, crossed("contracts", {"create", "amend"})}));
  EXPECT_EQ(granted(Permission::AcceptContract),
            together({contracts, crossed("contracts", {"accept"})}));
  EXPECT_EQ(granted(Permission::Terminate),
            together({contracts, crossed("contracts", {"delete", "terminate"})}));
  const auto scale = crossed("serviceinstances/scale", {"get", "update", "patch"});
  EXPECT_EQ(granted(Permission::ChangeCapacity), together({read("serviceinstances"), scale}));
  const auto all = {"get",    "list",  "watch",  "create",
                    "update", "patch", "delete", "deletecollection"};
  EXPECT_EQ(granted(Permission::Configure),
            together({crossed("serviceinstances", all), crossed("volumes", all), scale,
                      read("machines"), read("contracts"), read("secrets"), read("events")}));
  EXPECT_EQ(granted(Permission::ReadReports),
            together({read("usagereports"), crossed("usagereports", {"create", "delete"}),
                      crossed("contracts/usage", {"get"}), read("contracts"), read("invoices"),
                      read("events")}));
  EXPECT_EQ(granted(Permission::AdministerAccount),
            together({read("roles"), read("rolebindings")}));
}

TEST(AccountPermissions, NobodyMayChangeAnAccountButByName) {
  const Json rules = cluster_rules("shop");
  ASSERT_EQ(rules.size(), 1u);
  EXPECT_EQ(rules[0]["resourceNames"], Json::array({"shop"}));
  EXPECT_EQ(rules[0]["verbs"], Json({"get", "update", "patch"}));
}

TEST(AccountPermissions, NamesSayWhatTheyGive) {
  EXPECT_EQ(role_name(Permission::AcceptContract), "charter:accept-contract");
  EXPECT_EQ(role_name(Permission::Configure), "charter:configure");
}

/// An account of the samples in a world with its namespace.
struct Desk {
  MapView view;
  Account account = *read_account(contract::sample_account());

  Desk() { add_namespace("consumerco"); }
  void add_namespace(const std::string& name) {
    view.put(kinds::bucket(kinds::namespaces()), {{"apiVersion", "v1"},
                                                  {"kind", "Namespace"},
                                                  {"metadata", {{"name", name}, {"uid", name}}}});
  }
  void carry_out() {
    for (const Json& object : wanted_roles(account, view))
      view.put(kinds::bucket(resource_of(object)), object);
  }
  std::vector<RoleChange> changes() {
    return role_changes(account.meta.name, wanted_roles(account, view), view);
  }
};

TEST(AccountRoles, OnePairForEachPermissionThatAnybodyHas) {
  Desk desk;
  desk.account.spec.members = {
      {{SubjectKind::User, "fred", "", {}},
       {Permission::AcceptContract, Permission::ChangeCapacity}},
      {{SubjectKind::ServiceAccount, "scaler", "consumerco", {}}, {Permission::ChangeCapacity}}};
  const auto wanted = wanted_roles(desk.account, desk.view);
  ASSERT_EQ(wanted.size(), 4u);
  const Json& binding = wanted[3];
  EXPECT_EQ(binding["kind"], "RoleBinding");
  EXPECT_EQ(binding["metadata"]["name"], "charter:change-capacity");
  EXPECT_EQ(binding["roleRef"]["kind"], "Role");
  EXPECT_EQ(binding["subjects"],
            Json({{{"kind", "User"}, {"name", "fred"}, {"apiGroup", "rbac.authorization.k8s.io"}},
                  {{"kind", "ServiceAccount"}, {"name", "scaler"}, {"namespace", "consumerco"}}}));
}

TEST(AccountRoles, ANamespaceThatIsNotThereIsLeftOut) {
  Desk desk;
  desk.account.spec.members = {{{SubjectKind::User, "fred", "", {}}, {Permission::Configure}}};
  desk.account.spec.namespaces = {"consumerco", "later"};
  EXPECT_EQ(wanted_roles(desk.account, desk.view).size(), 2u);
  desk.add_namespace("later");
  EXPECT_EQ(wanted_roles(desk.account, desk.view).size(), 4u);
}

TEST(AccountRoles, NothingIsDoneWhenAllIsAsWanted) {
  Desk desk;
  desk.account.spec.members = {{{SubjectKind::User, "fred", "", {}},
                                {Permission::Configure, Permission::AdministerAccount}}};
  EXPECT_EQ(desk.changes().size(), 6u);
  desk.carry_out();
  EXPECT_TRUE(desk.changes().empty());
}

TEST(AccountRoles, WhatAMemberLosesIsTakenAway) {
  Desk desk;
  desk.account.spec.members = {
      {{SubjectKind::User, "fred", "", {}}, {Permission::Configure, Permission::Terminate}}};
  desk.carry_out();
  desk.account.spec.members[0].permissions = {Permission::Configure};
  const auto changes = desk.changes();
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].resource, kinds::role_bindings());
  EXPECT_EQ(changes[0].kind, RoleChange::Kind::Drop);
  EXPECT_EQ(changes[1].resource, kinds::roles());
  EXPECT_EQ(changes[1].name, (ObjectName{"consumerco", "charter:terminate"}));
}

TEST(AccountRoles, ARoleThatSomebodyWidenedIsPutBack) {
  Desk desk;
  desk.account.spec.members = {{{SubjectKind::User, "fred", "", {}}, {Permission::ChangeCapacity}}};
  desk.carry_out();
  Json widened = wanted_roles(desk.account, desk.view)[0];
  widened["rules"][0]["verbs"].push_back("delete");
  desk.view.put(kinds::bucket(kinds::roles()), widened);
  const auto changes = desk.changes();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].kind, RoleChange::Kind::Put);
}

Status write_account(const Json& now, const Json* before, std::set<std::string> verbs) {
  MapView view;
  AdmitRequest request;
  request.operation = before ? AdmitRequest::Operation::Update : AdmitRequest::Operation::Create;
  request.object = &now;
  request.before = before;
  request.may = [verbs = std::move(verbs)](std::string_view verb) {
    return verbs.contains(std::string(verb));
  };
  return admit(request, view);
}

TEST(AccountAdmit, AnAdministratorChangesMembersAndNothingThatRightsOrPricesFollowFrom) {
  const Json before = contract::sample_account();
  Json members = before;
  members["spec"]["members"][0]["permissions"] = {"Terminate"};
  EXPECT_TRUE(write_account(members, &before, {}));
  for (const auto& [field, value] :
       std::map<std::string, Json>{{"namespaces", {"consumerco", "victim"}},
                                   {"limits", {{"compute", 99}}},
                                   {"placement", {{"jurisdictions", {"US"}}}}}) {
    Json now = before;
    now["spec"][field] = value;
    const auto refused = write_account(now, &before, {});
    ASSERT_FALSE(refused) << field;
    EXPECT_EQ(refused.error().code, Code::Forbidden);
    EXPECT_EQ(refused.error().causes[0].field, "spec." + field);
    EXPECT_TRUE(write_account(now, &before, {"grant"})) << field;
  }
  EXPECT_FALSE(write_account(before, nullptr, {}));
  EXPECT_TRUE(write_account(before, nullptr, {"grant"}));
}

TEST(AccountAdmit, TheSystemsNamespacesBelongToNobody) {
  Json account = contract::sample_account();
  account["spec"]["namespaces"] = {"kube-system"};
  const auto refused = write_account(account, nullptr, {"grant"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().causes[0].field, "spec.namespaces[0]");
}

constexpr const char* kAccount = R"(
apiVersion: charter.dev/v1alpha1
kind: Account
metadata: {name: shopkeepers}
spec:
  namespaces: [shop, later]
  limits: {compute: 5}
  members:
  - {subject: {kind: User, name: fred}, permissions: [AcceptContract, AdministerAccount]}
  billing: {email: a@b.example}
)";

TEST(AccountWorld, RolesComeWithTheAccountFollowItAndGoWithIt) {
  using namespace std::chrono_literals;
  test::World world;
  world.apply(kAccount);
  world.settle_for(10s);
  EXPECT_EQ(world.names("Role", "shop"),
            (std::vector<std::string>{"shop/charter:accept-contract",
                                      "shop/charter:administer-account"}));
  EXPECT_TRUE(world.exists("RoleBinding", "shop/charter:accept-contract"));
  EXPECT_TRUE(world.exists("ClusterRoleBinding", "charter:account:shopkeepers"));
  world.expect_quiet();
  world.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: later}\n");
  world.settle_for(10s);
  EXPECT_TRUE(world.exists("Role", "later/charter:accept-contract"));
  world.remove("RoleBinding", "shop/charter:accept-contract");
  world.settle_for(10s);
  EXPECT_TRUE(world.exists("RoleBinding", "shop/charter:accept-contract"))
      << "what somebody removed comes back";
  world.remove("Account", "shopkeepers");
  world.settle_for(30s);
  EXPECT_FALSE(world.exists("Account", "shopkeepers"));
  EXPECT_TRUE(world.names("Role").empty());
  EXPECT_TRUE(world.names("RoleBinding").empty());
  EXPECT_FALSE(world.exists("ClusterRole", "charter:account:shopkeepers"));
  world.expect_quiet();
}

}  // namespace
}  // namespace charter::account
