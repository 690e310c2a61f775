#include "controller/api/rbac_install.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// RBAC through the whole API: validation, escalation, defaults and the words of refusals.
namespace charter::test {
namespace {

const std::string kRbac = "/apis/rbac.authorization.k8s.io/v1";
const std::string kLabRoles = kRbac + "/namespaces/lab/roles";
const std::string kLabBindings = kRbac + "/namespaces/lab/rolebindings";

Json object(const char* kind, const char* name, Json more) {
  Json out = {{"apiVersion", "rbac.authorization.k8s.io/v1"},
              {"kind", kind},
              {"metadata", {{"name", name}}}};
  out.update(more);
  return out;
}
Json role(const char* name, Json rules) {
  return object("Role", name, {{"rules", std::move(rules)}});
}
Json rule(Json verbs, Json groups, Json resources) {
  return {{"verbs", std::move(verbs)},
          {"apiGroups", std::move(groups)},
          {"resources", std::move(resources)}};
}
Json binding(const char* name, const char* kind, const char* to, const char* user) {
  return object("RoleBinding", name,
                {{"roleRef", {{"kind", kind}, {"name", to}}},
                 {"subjects", {{{"kind", "User"}, {"name", user}}}}});
}

class RbacApi : public ::testing::Test {
 protected:
  RbacApi() { EXPECT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles())); }
  Answer as(const std::string& user, const std::string& method, const std::string& target,
            const Json& body = Json()) {
    Ask what{method, target, body.is_null() ? "" : encode(body)};
    what.peer = Peer{user, groups_};
    return api_.ask(std::move(what));
  }
  void make(const std::string& path, const Json& body) {
    const Answer made = api_.post(path, body);
    ASSERT_EQ(made.status, 201) << made.body;
  }
  std::string first_cause(const Answer& answer) {
    const Json causes = answer.json()["details"]["causes"];
    return causes[0]["field"].get<std::string>() + ": " + causes[0]["message"].get<std::string>();
  }

  ServedApi api_;
  std::vector<std::string> groups_;
};

TEST_F(RbacApi, A_refusal_has_kubes_words_and_details) {
  const Answer list = as("dev", "GET", kWidgetsPath);
  EXPECT_EQ(list.status, 403);
  EXPECT_EQ(
      list.message(),
      R"(widgets.shop.dev is forbidden: User "dev" cannot list resource "widgets" in API group "shop.dev" in the namespace "lab")");
  EXPECT_EQ(list.json()["details"], (Json{{"group", "shop.dev"}, {"kind", "widgets"}}));
  EXPECT_EQ(
      as("dev", "PUT", kWidgetsPath + "/a/status", Json::object()).message(),
      R"(widgets.shop.dev "a" is forbidden: User "dev" cannot update resource "widgets/status" in API group "shop.dev" in the namespace "lab")");
  EXPECT_EQ(
      as("dev", "GET", "/api/v1/nodes").message(),
      R"(nodes is forbidden: User "dev" cannot list resource "nodes" in API group "" at the cluster scope)");
  EXPECT_EQ(as("dev", "GET", "/metrics").message(),
            R"(forbidden: User "dev" cannot get path "/metrics")");
  EXPECT_NE(as("dev", "GET", "/.well-known/openid-configuration").status, 403) << "system:discovery has it";
  EXPECT_EQ(
      as("dev", "DELETE", kWidgetsPath).message(),
      R"(widgets.shop.dev is forbidden: User "dev" cannot deletecollection resource "widgets" in API group "shop.dev" in the namespace "lab")");
}

TEST_F(RbacApi, Nobody_in_particular_sees_health_and_version_and_nothing_else) {
  const auto nobody = [this](const std::string& target) {
    Ask what{"GET", target};
    what.peer.reset();
    return api_.ask(std::move(what));
  };
  api_.server().set_ready(true);
  for (const char* open : {"/healthz", "/livez", "/readyz", "/version", "/livez/ping"})
    EXPECT_EQ(nobody(open).status, 200) << open;
  EXPECT_EQ(nobody("/livez").header("X-Content-Type-Options"), "nosniff");
  for (const char* closed : {"/api", "/apis", "/metrics", "/openapi/v3", "/"})
    EXPECT_EQ(nobody(closed).status, 403) << closed;
  EXPECT_EQ(
      nobody(kWidgetsPath).message(),
      R"(widgets.shop.dev is forbidden: User "system:anonymous" cannot list resource "widgets" in API group "shop.dev" in the namespace "lab")");
}

TEST_F(RbacApi, A_binding_is_in_force_with_its_answer_and_over_with_its_removal) {
  make(kLabRoles, role("reader", {rule({"get", "list"}, {"shop.dev"}, {"widgets"})}));
  EXPECT_EQ(as("dev", "GET", kWidgetsPath).status, 403);
  make(kLabBindings, binding("b", "Role", "reader", "dev"));
  EXPECT_EQ(as("dev", "GET", kWidgetsPath).status, 200);
  EXPECT_EQ(as("dev", "GET", kWidgetsPath + "?watch=1").status, 403);
  EXPECT_EQ(as("dev", "GET", "/apis/shop.dev/v1/widgets").status, 403);
  ASSERT_EQ(api_.remove(kLabBindings + "/b").status, 200);
  EXPECT_EQ(as("dev", "GET", kWidgetsPath).status, 403);
}

TEST_F(RbacApi, Who_may_only_patch_makes_nothing_by_applying_it) {
  make(kLabRoles, role("patcher", {rule({"get", "patch"}, {"shop.dev"}, {"widgets"})}));
  make(kLabBindings, binding("b", "Role", "patcher", "dev"));
  const auto apply = [this](const std::string& name) {
    const Json body = {{"apiVersion", "shop.dev/v1"},
                       {"kind", "Widget"},
                       {"metadata", {{"name", name}}},
                       {"spec", {{"size", 2}}}};
    Ask what{"PATCH", kWidgetsPath + "/" + name + "?fieldManager=m&force=true", encode(body)};
    what.content_type = "application/apply-patch+yaml";
    what.peer = Peer{"dev", {}};
    return api_.ask(std::move(what));
  };
  EXPECT_EQ(
      apply("new").message(),
      R"(widgets.shop.dev "new" is forbidden: User "dev" cannot create resource "widgets" in API group "shop.dev" in the namespace "lab")");
  EXPECT_EQ(api_.get(kWidgetsPath + "/new").status, 404);
  make(kWidgetsPath, {{"apiVersion", "shop.dev/v1"},
                      {"kind", "Widget"},
                      {"metadata", {{"name", "there"}}},
                      {"spec", {{"size", 1}}}});
  EXPECT_EQ(apply("there").status, 200);
}

TEST_F(RbacApi, A_binding_to_a_role_that_is_not_there_says_so) {
  make(kLabBindings, binding("b", "Role", "gone", "dev"));
  EXPECT_EQ(
      as("dev", "GET", kWidgetsPath).message(),
      R"(widgets.shop.dev is forbidden: User "dev" cannot list resource "widgets" in API group "shop.dev" in the namespace "lab": RBAC: role.rbac.authorization.k8s.io "gone" not found)");
}

TEST_F(RbacApi, A_list_of_one_name_needs_that_name_only) {
  Json only = rule({"list", "watch"}, {"shop.dev"}, {"widgets"});
  only["resourceNames"] = {"mine"};
  make(kLabRoles, role("one", {only}));
  make(kLabBindings, binding("b", "Role", "one", "dev"));
  EXPECT_EQ(as("dev", "GET", kWidgetsPath + "?fieldSelector=metadata.name%3Dmine").status, 200);
  EXPECT_EQ(as("dev", "GET", kWidgetsPath + "?fieldSelector=metadata.name%3Dother").status, 403);
  EXPECT_EQ(as("dev", "GET", kWidgetsPath).status, 403);
}

TEST_F(RbacApi, Rules_are_judged_in_kubes_words) {
  const auto refused = [&](Json one) {
    const Answer answer = api_.post(kLabRoles, role("x", {std::move(one)}));
    EXPECT_EQ(answer.status, 422) << answer.body;
    return first_cause(answer);
  };
  EXPECT_EQ(refused(rule(Json::array(), {""}, {"secrets"})),
            "rules[0].verbs: Required value: verbs must contain at least one value");
  EXPECT_EQ(
      refused(rule({"get"}, Json::array(), {"secrets"})),
      "rules[0].apiGroups: Required value: resource rules must supply at least one api group");
  EXPECT_EQ(refused(rule({"get"}, {""}, Json::array())),
            "rules[0].resources: Required value: resource rules must supply at least one resource");
  EXPECT_EQ(
      refused({{"verbs", {"get"}}, {"nonResourceURLs", {"/x"}}}),
      R"(rules[0].nonResourceURLs: Invalid value: []string{"/x"}: namespaced rules cannot apply to non-resource URLs)");
  Json many = Json::array();
  for (int i = 0; i < 100'000; ++i)
    many.push_back("v");
  EXPECT_NE(refused(rule(many, {""}, {"secrets"})).find("rules[0].verbs: Too many: 100000"),
            std::string::npos);
  const Answer mixed =
      api_.post(kRbac + "/clusterroles", object("ClusterRole", "x",
                                                {{"rules",
                                                  {{{"verbs", {"get"}},
                                                    {"apiGroups", {""}},
                                                    {"resources", {"a"}},
                                                    {"nonResourceURLs", {"/x"}}}}}}));
  EXPECT_EQ(
      first_cause(mixed),
      R"(rules[0].nonResourceURLs: Invalid value: []string{"/x"}: rules cannot apply to both regular resources and non-resource URLs)");
}

TEST_F(RbacApi, Bindings_are_judged_in_kubes_words) {
  const auto refused = [&](const Json& body) {
    const Answer answer = api_.post(kLabBindings, body);
    EXPECT_EQ(answer.status, 422) << answer.body;
    return first_cause(answer);
  };
  EXPECT_EQ(refused(binding("x", "Rolle", "a", "u")),
            R"(roleRef.kind: Unsupported value: "Rolle": supported values: "Role", "ClusterRole")");
  EXPECT_EQ(refused(binding("x", "Role", "", "u")), "roleRef.name: Required value");
  EXPECT_EQ(refused(binding("x", "Role", "a/b", "u")),
            R"(roleRef.name: Invalid value: "a/b": may not contain '/')");
  EXPECT_EQ(refused(binding("x", "Role", "a", "")), "subjects[0].name: Required value");
  Json odd = binding("x", "Role", "a", "u");
  odd["subjects"][0]["kind"] = "Robot";
  EXPECT_EQ(
      refused(odd),
      R"(subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group")");
  make(kLabBindings, binding("b", "Role", "a", "u"));
  Json other = api_.get(kLabBindings + "/b").json();
  other["roleRef"]["name"] = "c";
  const Answer changed = api_.put(kLabBindings + "/b", other);
  EXPECT_EQ(changed.message(),
            "RoleBinding.rbac.authorization.k8s.io \"b\" is invalid: roleRef: Invalid value: "
            "rbac.RoleRef{APIGroup:\"rbac.authorization.k8s.io\", Kind:\"Role\", Name:\"c\"}: "
            "cannot change roleRef");
}

TEST_F(RbacApi, Nobody_gives_away_more_than_he_has) {
  make(kLabRoles,
       role("manager", {rule({"*"}, {"rbac.authorization.k8s.io"}, {"roles", "rolebindings"}),
                        rule({"get"}, {"shop.dev"}, {"widgets"})}));
  Json weak = rule({"create", "update"}, {"rbac.authorization.k8s.io"}, {"roles", "rolebindings"});
  make(kLabRoles, role("weak", {weak, rule({"get"}, {"shop.dev"}, {"widgets"})}));
  make(kLabBindings, binding("b", "Role", "weak", "ann"));
  EXPECT_EQ(
      as("ann", "POST", kLabRoles, role("fine", {rule({"get"}, {"shop.dev"}, {"widgets"})})).status,
      201);
  groups_ = {"dev"};
  const Answer more =
      as("ann", "POST", kLabRoles,
         role("more", {rule({"get", "delete"}, {"shop.dev"}, {"widgets", "widgets/status"})}));
  EXPECT_EQ(more.status, 403);
  EXPECT_EQ(
      more.message(),
      "roles.rbac.authorization.k8s.io \"more\" is forbidden: user \"ann\" (groups=[\"dev\" "
      "\"system:authenticated\"]) is attempting to "
      "grant RBAC permissions not currently held:\n"
      "{APIGroups:[\"shop.dev\"], Resources:[\"widgets\"], Verbs:[\"delete\"]}\n"
      "{APIGroups:[\"shop.dev\"], Resources:[\"widgets/status\"], Verbs:[\"get\" \"delete\"]}");
  EXPECT_EQ(as("ann", "POST", kLabBindings, binding("own", "Role", "fine", "bob")).status, 201);
  EXPECT_EQ(
      as("ann", "POST", kLabBindings, binding("up", "ClusterRole", "cluster-admin", "ann")).status,
      403);
  EXPECT_EQ(as("ann", "POST", kLabBindings, binding("no", "ClusterRole", "gone", "ann")).status,
            404);
  Json grown = api_.get(kLabRoles + "/fine").json();
  grown["rules"][0]["verbs"] = {"*"};
  EXPECT_EQ(as("ann", "PUT", kLabRoles + "/fine", grown).status, 403);
  // A patch and an apply meet the same check.
  Ask patch{"PATCH", kLabRoles + "/weak?fieldManager=x",
            encode(role("weak", {rule({"*"}, {"*"}, {"*"})})), "application/apply-patch+yaml"};
  patch.peer = Peer{"ann", {}};
  EXPECT_EQ(api_.ask(std::move(patch)).status, 403);
}

TEST_F(RbacApi, Escalate_and_bind_are_verbs_of_their_own) {
  Json may = rule({"create", "escalate"}, {"rbac.authorization.k8s.io"}, {"roles"});
  Json bind = rule({"bind"}, {"rbac.authorization.k8s.io"}, {"clusterroles"});
  bind["resourceNames"] = {"view"};
  make(kLabRoles,
       role("chief",
            {may, bind, rule({"create"}, {"rbac.authorization.k8s.io"}, {"rolebindings"})}));
  make(kLabBindings, binding("b", "Role", "chief", "ann"));
  EXPECT_EQ(as("ann", "POST", kLabRoles, role("all", {rule({"*"}, {"*"}, {"*"})})).status, 201);
  EXPECT_EQ(as("ann", "POST", kLabBindings, binding("v", "ClusterRole", "view", "bob")).status,
            201);
  EXPECT_EQ(
      as("ann", "POST", kLabBindings, binding("e", "ClusterRole", "cluster-admin", "bob")).status,
      403);
}

TEST_F(RbacApi, Defaults_get_back_what_they_lack_and_keep_what_was_added) {
  const std::string path = kRbac + "/clusterroles/system:basic-user";
  Json changed = api_.get(path).json();
  changed["rules"] = {rule({"get"}, {"shop.dev"}, {"racks"})};
  ASSERT_EQ(api_.put(path, changed).status, 200);
  ASSERT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
  const Json rules = api_.get(path).json()["rules"];
  EXPECT_EQ(rules[0]["resources"][0], "racks");
  EXPECT_GT(rules.size(), 1u);
  const int64_t revision = api_.store().revision();
  ASSERT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
  EXPECT_EQ(api_.store().revision(), revision) << "a second install must write nothing";
}

TEST_F(RbacApi, A_default_that_is_to_be_left_alone_is_left_alone) {
  const std::string path = kRbac + "/clusterroles/system:discovery";
  Json changed = api_.get(path).json();
  changed["rules"] = Json::array();
  changed["metadata"]["annotations"]["rbac.authorization.kubernetes.io/autoupdate"] = "false";
  ASSERT_EQ(api_.put(path, changed).status, 200);
  ASSERT_TRUE(install_roles(api_.server().verbs(), embedded::builtin_roles()));
  EXPECT_TRUE(api_.get(path).json().value("rules", Json::array()).empty());
}

TEST_F(RbacApi, Bindings_are_shown_as_kube_shows_them) {
  Json mixed = binding("b", "ClusterRole", "view", "ann");
  mixed["subjects"].push_back({{"kind", "User"}, {"name", "bob"}});
  mixed["subjects"].push_back({{"kind", "Group"}, {"name", "dev"}});
  mixed["subjects"].push_back({{"kind", "ServiceAccount"}, {"name", "sa"}, {"namespace", "lab"}});
  make(kLabBindings, mixed);
  Ask table{"GET", kLabBindings};
  table.headers = {{"accept", "application/json;as=Table;v=v1;g=meta.k8s.io"}};
  const Json shown = api_.ask(std::move(table)).json();
  const Json& cells = shown["rows"][0]["cells"];
  EXPECT_EQ(cells[0], "b");
  EXPECT_EQ(cells[1], "ClusterRole/view");
  EXPECT_EQ(cells[3], "ann, bob");
  EXPECT_EQ(cells[4], "dev");
  EXPECT_EQ(cells[5], "lab/sa");
}

TEST_F(RbacApi, Events_of_a_hundred_thousand_other_writes_do_not_matter) {
  // The place in the log has to move with every write: after the events before it are gone a change
  // must still be followed.
  make(kLabRoles, role("reader", {rule({"list"}, {"shop.dev"}, {"widgets"})}));
  make("/api/v1/namespaces/lab/configmaps",
       {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "x"}}}});
  api_.store().compact(api_.store().revision());
  make(kLabBindings, binding("b", "Role", "reader", "dev"));
  EXPECT_EQ(as("dev", "GET", kWidgetsPath).status, 200);
  Json definition = widget_definition();
  definition["metadata"]["name"] = "gadgets.shop.dev";
  definition["spec"]["names"] = {{"plural", "gadgets"}, {"kind", "Gadget"}};
  EXPECT_EQ(api_.post(kDefinitionsPath, definition).status, 201);
}

}  // namespace
}  // namespace charter::test
