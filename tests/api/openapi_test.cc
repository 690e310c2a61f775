#include "controller/api/openapi.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

constexpr const char* kShop = "/openapi/v3/apis/shop.dev/v1";

/// Every "$ref" below a node.
void collect_references(const Json& node, std::vector<std::string>& out) {
  if (node.is_object() && node.contains("$ref")) out.push_back(node["$ref"].get<std::string>());
  if (!node.is_structured()) return;
  for (const Json& child : node) collect_references(child, out);
}

TEST(OpenApi, The_index_names_each_group_and_version_with_a_hash) {
  ServedApi api;
  const Json paths = api.get("/openapi/v3").json()["paths"];
  ASSERT_TRUE(paths.contains("apis/shop.dev/v1"));
  ASSERT_TRUE(paths.contains("api/v1"));
  const std::string url = paths["apis/shop.dev/v1"]["serverRelativeURL"].get<std::string>();
  EXPECT_TRUE(url.starts_with("/openapi/v3/apis/shop.dev/v1?hash=")) << url;
  const Answer document = api.get(url);
  EXPECT_EQ(document.status, 200);
  EXPECT_EQ(document.header("Cache-Control"), "public, immutable");
  EXPECT_EQ(document.header("ETag"), "\"" + url.substr(url.find('=') + 1) + "\"");
}

TEST(OpenApi, A_kind_has_its_schema_and_the_mark_clients_look_for) {
  ServedApi api;
  const Json document = api.get(kShop).json();
  const Json& widget = document["components"]["schemas"]["dev.shop.v1.Widget"];
  EXPECT_EQ(widget["x-kubernetes-group-version-kind"], Json({{{"group", "shop.dev"}, {"kind", "Widget"}, {"version", "v1"}}}));
  EXPECT_EQ(widget["properties"]["spec"]["properties"]["size"]["maximum"], 10);
  EXPECT_TRUE(widget["properties"].contains("metadata"));
  EXPECT_TRUE(document["components"]["schemas"].contains("dev.shop.v1.WidgetList"));
}

TEST(OpenApi, Paths_offer_the_verbs_and_the_options_kubectl_checks) {
  ServedApi api;
  const Json paths = api.get(kShop).json()["paths"];
  const Json& one = paths["/apis/shop.dev/v1/namespaces/{namespace}/widgets/{name}"];
  ASSERT_TRUE(one.contains("patch"));
  EXPECT_EQ(one["patch"]["x-kubernetes-group-version-kind"]["kind"], "Widget");
  // kubectl refuses dry runs and field validation unless the patch operation has these parameters.
  std::vector<std::string> parameters;
  for (const Json& parameter : one["patch"]["parameters"]) parameters.push_back(parameter["name"].get<std::string>());
  EXPECT_EQ(parameters, (std::vector<std::string>{"dryRun", "fieldManager", "fieldValidation", "force"}));
  EXPECT_FALSE(one["patch"]["requestBody"]["content"].contains("application/strategic-merge-patch+json"));
  EXPECT_TRUE(paths.contains("/apis/shop.dev/v1/namespaces/{namespace}/widgets/{name}/status"));
  EXPECT_TRUE(paths.contains("/apis/shop.dev/v1/racks"));
  const Json core = api.get("/openapi/v3/api/v1").json()["paths"];
  EXPECT_TRUE(core["/api/v1/namespaces/{namespace}/secrets/{name}"]["patch"]["requestBody"]["content"].contains(
      "application/strategic-merge-patch+json"));
}

TEST(OpenApi, Every_reference_leads_somewhere) {
  ServedApi api;
  for (const std::string path : {kShop, "/openapi/v3/api/v1", "/openapi/v3/apis/apiextensions.k8s.io/v1", "/openapi/v2"}) {
    const Json document = api.get(path).json();
    std::vector<std::string> references;
    collect_references(document, references);
    EXPECT_FALSE(references.empty()) << path;
    for (const std::string& reference : references) {
      ASSERT_EQ(reference.front(), '#');
      EXPECT_TRUE(document.contains(Json::json_pointer(reference.substr(1)))) << path << " " << reference;
    }
  }
}

TEST(OpenApi, A_changed_definition_changes_the_document) {
  ServedApi api;
  const Answer before = api.get(kShop);
  Ask again{"GET", kShop};
  again.headers = {{"if-none-match", before.header("ETag")}};
  EXPECT_EQ(api.ask(again).status, 304);
  const Json patch = {{{"op", "add"},
                       {"path", "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/weight"},
                       {"value", {{"type", "integer"}}}}};
  ASSERT_EQ(api.json_patch(kDefinitionsPath + "/widgets.shop.dev", patch).status, 200);
  const Answer after = api.ask(again);
  EXPECT_EQ(after.status, 200);
  EXPECT_NE(after.body.find("\"weight\""), std::string::npos);
}

TEST(OpenApi, Version_two_is_one_document) {
  ServedApi api;
  const Json document = api.get("/openapi/v2").json();
  EXPECT_EQ(document["swagger"], "2.0");
  EXPECT_TRUE(document["definitions"].contains("io.k8s.api.core.v1.Secret"));
  const Json& widget = document["definitions"]["dev.shop.v1.Widget"];
  EXPECT_EQ(widget["properties"]["metadata"]["$ref"],
            "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");
  EXPECT_EQ(widget["properties"]["spec"]["properties"]["size"]["maximum"], 10);
  EXPECT_EQ(api.get("/openapi/v3/apis/none.dev/v1").status, 404);
  EXPECT_EQ(api.get("/openapi/v4").status, 404);
}

TEST(OpenApi, Version_two_leaves_open_what_it_can_not_say) {
  ServedApi api;
  const Json patch = {
      {{"op", "add"},
       {"path", "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/port"},
       {"value", {{"x-kubernetes-int-or-string", true}}}},
      {{"op", "add"},
       {"path", "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/free"},
       {"value",
        {{"type", "object"},
         {"x-kubernetes-preserve-unknown-fields", true},
         {"properties", {{"a", {{"type", "string"}}}}}}}},
      {{"op", "add"},
       {"path", "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/maybe"},
       {"value", {{"type", "string"}, {"nullable", true}}}}};
  ASSERT_EQ(api.json_patch(kDefinitionsPath + "/widgets.shop.dev", patch).status, 200);
  const Json spec =
      api.get("/openapi/v2")
          .json()["definitions"]["dev.shop.v1.Widget"]["properties"]["spec"]["properties"];
  EXPECT_FALSE(spec["port"].contains("type"));
  // kubectl would refuse every field of `free` but a.
  EXPECT_FALSE(spec["free"].contains("properties"));
  EXPECT_FALSE(spec["maybe"].contains("type"));
  EXPECT_FALSE(spec["maybe"].contains("nullable"));
}

TEST(OpenApi, Version_two_comes_as_protobuf_when_asked) {
  ServedApi api;
  Ask what{"GET", "/openapi/v2"};
  what.headers = {{"accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"}};
  const Answer plain = api.ask(what);
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.header("Content-Type"),
            "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
  EXPECT_TRUE(
      plain.body.starts_with("\n\x03"
                             "2.0"))
      << "swagger is field 1";
  EXPECT_NE(plain.body.find("dev.shop.v1.Widget"), std::string::npos);
  what.headers.emplace_back("accept-encoding", "gzip");
  const Answer small = api.ask(what);
  EXPECT_EQ(small.header("Content-Encoding"), "gzip");
  EXPECT_LT(small.body.size(), plain.body.size() / 2);
  EXPECT_EQ(small.body.substr(0, 2), "\x1f\x8b");
  what.headers.emplace_back("if-none-match", plain.header("ETag"));
  const Answer same = api.ask(what);
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.header("Content-Type"), "");
  EXPECT_TRUE(same.body.empty());
  EXPECT_NE(api.get("/openapi/v2").header("ETag"), plain.header("ETag"))
      << "JSON is another document";
  Ask other{"GET", "/openapi/v2"};
  other.headers = {{"accept", "text/html"}};
  EXPECT_EQ(api.ask(other).status, 406);
}

TEST(OpenApi, Version_three_is_json_only) {
  ServedApi api;
  Ask what{"GET", kShop};
  what.headers = {{"accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf"}};
  EXPECT_EQ(api.ask(what).status, 406);
  what.headers = {
      {"accept", "application/com.github.proto-openapi.spec.v3@v1.0+protobuf,application/json"}};
  EXPECT_EQ(api.ask(what).status, 200);
}

}  // namespace
}  // namespace charter::test
