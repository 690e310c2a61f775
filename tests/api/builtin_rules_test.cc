#include "controller/api/builtin_rules.h"

#include "controller/object/conditions.h"
#include "tests/support/served_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// What Kubernetes' own kinds do beyond their schema.
namespace charter::test {
namespace {

const std::string kNamespacesPath = "/api/v1/namespaces";

class BuiltinRules : public testing::Test {
 protected:
  Json finalizers(const std::string& ns) {
    return api_.get(kNamespacesPath + "/" + ns).json()["spec"]["finalizers"];
  }

  ServedApi api_;
};

TEST_F(BuiltinRules, Only_finalize_changes_the_finalizers_of_a_namespace) {
  const std::string lab = kNamespacesPath + "/lab";
  const Json held = Json::array({"kubernetes"});
  ASSERT_EQ(finalizers("lab"), held);
  for (const Json& spec :
       {Json({{"finalizers", Json::array()}}), Json({{"finalizers", nullptr}}), Json(nullptr)}) {
    EXPECT_EQ(api_.merge(lab, {{"spec", spec}}).status, 200);
    EXPECT_EQ(finalizers("lab"), held) << spec;
    EXPECT_EQ(api_.merge(lab + "/status", {{"spec", spec}}).status, 200);
    EXPECT_EQ(finalizers("lab"), held) << spec;
    Json body = api_.get(lab).json();
    body["spec"] = spec;
    EXPECT_EQ(api_.put(lab, body).status, 200);
    EXPECT_EQ(finalizers("lab"), held) << spec;
  }
  EXPECT_EQ(api_.json_patch(lab, Json::array({{{"op", "remove"}, {"path", "/spec/finalizers/0"}}}))
                .status,
            200);
  EXPECT_EQ(finalizers("lab"), held);
  EXPECT_EQ(api_.apply(lab,
                       {{"apiVersion", "v1"},
                        {"kind", "Namespace"},
                        {"spec", {{"finalizers", Json::array()}}}},
                       "me", "&force=true")
                .status,
            200);
  EXPECT_EQ(finalizers("lab"), held);

  Json body = api_.get(lab).json();
  body["spec"]["finalizers"] = {"kubernetes", "shop.dev/hold"};
  body["metadata"]["labels"]["x"] = "y";
  body["status"]["phase"] = "Terminating";
  const Answer put = api_.put(lab + "/finalize", body);
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.json()["spec"]["finalizers"], body["spec"]["finalizers"]);
  EXPECT_EQ(put.json()["status"]["phase"], "Active") << "the status is not its part";
  EXPECT_FALSE(put.json()["metadata"]["labels"].contains("x")) << "nor are the labels";
  EXPECT_EQ(api_.put(lab + "/finalize", body).status, 409) << "the version is a precondition";
}

TEST_F(BuiltinRules, A_deleted_namespace_stays_until_finalize_lets_it_go) {
  const std::string lab = kNamespacesPath + "/lab";
  ASSERT_EQ(api_.remove(lab).status, 200);
  Json body = api_.get(lab).json();
  EXPECT_EQ(body["status"]["phase"], "Terminating");
  body["spec"]["finalizers"] = Json::array();
  EXPECT_EQ(api_.put(lab, body).status, 200);
  ASSERT_EQ(api_.get(lab).status, 200);
  EXPECT_EQ(api_.put(lab + "/finalize", body).status, 200);
  EXPECT_EQ(api_.get(lab).status, 404);
}

TEST_F(BuiltinRules, Finalize_takes_put_alone_and_only_of_names_that_are_finalizers) {
  const std::string path = kNamespacesPath + "/lab/finalize";
  EXPECT_EQ(api_.get(path).status, 405);
  EXPECT_EQ(api_.merge(path, {{"spec", {{"finalizers", Json::array()}}}}).status, 405);
  EXPECT_EQ(api_.put(kWidgetsPath + "/a/finalize", shop_widget("a")).status, 404);
  EXPECT_EQ(api_.put(kNamespacesPath + "/none/finalize", {{"metadata", {{"name", "none"}}}}).status,
            404);
  const Answer bad = api_.put(path, {{"metadata", {{"name", "lab"}}},
                                     {"spec", {{"finalizers", {"kubernetes", "hold", ""}}}}});
  EXPECT_EQ(bad.status, 422);
  EXPECT_NE(bad.message().find("spec.finalizers[1]: Invalid value: \"hold\": name is neither a "
                               "standard finalizer name nor is it "
                               "fully qualified"),
            std::string::npos)
      << bad.message();
  EXPECT_NE(bad.message().find("spec.finalizers[2]: Invalid value: \"\""), std::string::npos)
      << bad.message();
  const Json list = api_.get("/api/v1").json()["resources"];
  EXPECT_TRUE(std::any_of(list.begin(), list.end(), [](const Json& entry) {
    return entry["name"] == "namespaces/finalize" && entry["verbs"] == Json::array({"update"});
  }));
}

TEST_F(BuiltinRules, A_new_namespace_keeps_its_own_finalizers_beside_the_servers) {
  const Answer made = api_.post(kNamespacesPath, {{"metadata", {{"name", "mine"}}},
                                                  {"spec", {{"finalizers", {"shop.dev/hold"}}}}});
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(finalizers("mine"), Json::array({"shop.dev/hold", "kubernetes"}));
}

TEST_F(BuiltinRules, An_empty_list_or_map_of_metadata_is_not_stored) {
  const Json owner = {{"apiVersion", "v1"},
                      {"kind", "Namespace"},
                      {"name", "lab"},
                      {"uid", api_.get(kNamespacesPath + "/lab").json()["metadata"]["uid"]}};
  const Json full = {{"labels", {{"a", "b"}}},
                     {"annotations", {{"a", "b"}}},
                     {"finalizers", {"shop.dev/hold"}},
                     {"ownerReferences", Json::array({owner})}};
  const Json empty = {{"labels", Json::object()},
                      {"annotations", Json::object()},
                      {"finalizers", Json::array()},
                      {"ownerReferences", Json::array()}};
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 3}}, empty)).status, 201);
  EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("b", {{"size", 3}}, full)).status, 201);
  Json b = api_.get(kWidgetsPath + "/b").json();
  for (const auto& [member, value] : full.items())
    EXPECT_EQ(b["metadata"][member], value);
  b["metadata"].update(empty);
  EXPECT_EQ(api_.put(kWidgetsPath + "/b", b).status, 200);
  for (const char* name : {"a", "b"}) {
    const Json metadata = api_.get(kWidgetsPath + "/" + name).json()["metadata"];
    for (const auto& [member, value] : full.items())
      EXPECT_FALSE(metadata.contains(member)) << name << " " << member;
  }
}

TEST_F(BuiltinRules, The_version_is_one_that_clients_parse_and_its_date_is_the_builds) {
  const Json version = api_.get("/version").json();
  EXPECT_EQ(version["major"], "1");
  // A semantic version with build metadata, as Helm and kubectl read it.
  EXPECT_THAT(version["gitVersion"].get<std::string>(),
              testing::MatchesRegex(R"(v[1-9][0-9]*\.[0-9]+\.[0-9]+\+charter(\.[0-9A-Za-z-]+)+)"));
  const auto date = parse_time(version["buildDate"].get<std::string>());
  ASSERT_TRUE(date) << version["buildDate"];
  EXPECT_LE(*date, SystemClock().now()) << "the commit's date, or the epoch";
  const std::string commit = version["gitCommit"].get<std::string>();
  EXPECT_EQ(commit.empty(), format_time(*date) == "1970-01-01T00:00:00Z") << version;
  EXPECT_TRUE(commit.empty() || commit.size() == 40) << commit;
}

}  // namespace
}  // namespace charter::test
