#include "controller/api/discovery.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::test {
namespace {

const std::string kAggregated =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

Answer ask_aggregated(ServedApi& api, const std::string& path, const std::string& etag = {}) {
  Ask what{"GET", path};
  what.headers = {{"accept", kAggregated}};
  if (!etag.empty()) what.headers.emplace_back("if-none-match", etag);
  return api.ask(std::move(what));
}

const Json* named(const Json& list, const char* key, const std::string& name) {
  for (const Json& entry : list) {
    if (entry.value(key, "") == name) return &entry;
  }
  return nullptr;
}

TEST(Discovery, Lists_groups_and_their_versions) {
  ServedApi api;
  EXPECT_EQ(api.get("/api").json()["versions"], Json({"v1"}));
  const Json groups = api.get("/apis").json();
  EXPECT_EQ(groups["kind"], "APIGroupList");
  const Json* shop = named(groups["groups"], "name", "shop.dev");
  ASSERT_NE(shop, nullptr);
  EXPECT_EQ((*shop)["preferredVersion"], Json({{"groupVersion", "shop.dev/v1"}, {"version", "v1"}}));
  EXPECT_NE(named(groups["groups"], "name", "apiextensions.k8s.io"), nullptr);
  const Json group = api.get("/apis/shop.dev").json();
  EXPECT_EQ(group["kind"], "APIGroup");
  EXPECT_EQ(group["name"], "shop.dev");
}

TEST(Discovery, Lists_resources_with_their_subresources) {
  ServedApi api;
  const Json list = api.get("/apis/shop.dev/v1").json();
  EXPECT_EQ(list["groupVersion"], "shop.dev/v1");
  const Json* widgets = named(list["resources"], "name", "widgets");
  ASSERT_NE(widgets, nullptr);
  EXPECT_EQ((*widgets)["verbs"], Json({"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"}));
  EXPECT_EQ((*widgets)["shortNames"], Json({"wg"}));
  EXPECT_EQ((*widgets)["categories"], Json({"all"}));
  EXPECT_EQ((*widgets)["singularName"], "widget");
  EXPECT_EQ((*widgets)["namespaced"], true);
  EXPECT_EQ((*widgets)["storageVersionHash"], "RtrO1hvViF0=") << "what kube-apiserver makes of shop.dev/v1/Widget";
  EXPECT_NE(named(list["resources"], "name", "widgets/status"), nullptr);
  const Json* scale = named(list["resources"], "name", "widgets/scale");
  ASSERT_NE(scale, nullptr);
  EXPECT_EQ((*scale)["kind"], "Scale");
  EXPECT_EQ((*scale)["group"], "autoscaling");
  const Json* racks = named(list["resources"], "name", "racks");
  ASSERT_NE(racks, nullptr);
  EXPECT_EQ((*racks)["namespaced"], false);
  EXPECT_FALSE(racks->contains("shortNames"));
  EXPECT_EQ(named(list["resources"], "name", "racks/status"), nullptr);
  EXPECT_NE(named(api.get("/api/v1").json()["resources"], "name", "secrets"), nullptr);
}

TEST(Discovery, Aggregates_when_asked_and_says_so_in_the_content_type) {
  ServedApi api;
  const Answer answer = ask_aggregated(api, "/apis");
  EXPECT_EQ(answer.header("Content-Type"), "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(answer.header("Vary"), "Accept");
  const Json document = answer.json();
  EXPECT_EQ(document["apiVersion"], "apidiscovery.k8s.io/v2");
  const auto shop = std::find_if(document["items"].begin(), document["items"].end(),
                                 [](const Json& item) { return item["metadata"]["name"] == "shop.dev"; });
  ASSERT_NE(shop, document["items"].end());
  const Json& version = (*shop)["versions"][0];
  EXPECT_EQ(version["freshness"], "Current");
  const Json* widgets = named(version["resources"], "resource", "widgets");
  ASSERT_NE(widgets, nullptr);
  EXPECT_EQ((*widgets)["scope"], "Namespaced");
  EXPECT_EQ((*widgets)["responseKind"], Json({{"group", "shop.dev"}, {"version", "v1"}, {"kind", "Widget"}}));
  ASSERT_EQ((*widgets)["subresources"].size(), 2u);
  EXPECT_EQ((*widgets)["subresources"][0]["subresource"], "status") << "the order of kube-apiserver";
  const Json core = ask_aggregated(api, "/api").json();
  ASSERT_EQ(core["items"].size(), 1u);
  EXPECT_FALSE(core["items"][0]["metadata"].contains("name"));
}

TEST(Discovery, The_etag_holds_until_the_kinds_change) {
  ServedApi api;
  const std::string etag = ask_aggregated(api, "/apis").header("ETag");
  ASSERT_FALSE(etag.empty());
  const Answer same = ask_aggregated(api, "/apis", etag);
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(same.header("Content-Type"), "");
  EXPECT_EQ(same.header("ETag"), etag);
  Json definition = widget_definition();
  definition["metadata"]["name"] = "gears.shop.dev";
  definition["spec"]["names"] = {{"plural", "gears"}, {"kind", "Gear"}};
  ASSERT_EQ(api.post(kDefinitionsPath, definition).status, 201);
  const Answer changed = ask_aggregated(api, "/apis", etag);
  EXPECT_EQ(changed.status, 200);
  EXPECT_NE(changed.header("ETag"), etag);
  EXPECT_NE(changed.body.find("\"gears\""), std::string::npos);
}

TEST(Discovery, Unknown_groups_and_versions_are_not_found) {
  ServedApi api;
  for (const char* path : {"/apis/none.dev", "/apis/none.dev/v1", "/apis/shop.dev/v9", "/api/v9"}) {
    const Answer answer = api.get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body, "404 page not found\n") << path;
  }
}

}  // namespace
}  // namespace charter::test
