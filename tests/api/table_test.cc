#include "controller/api/table.h"

#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

const std::string kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
const std::string kPartial = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
const std::string kPartialList = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";

/// Widgets "a" (size 3, 90 s old) and "b" (size 4, 5 s old).
class TableTest : public testing::Test {
 protected:
  TableTest() {
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 3}}, {{"labels", {{"app", "x"}}}})).status, 201);
    api_.clock().advance(std::chrono::seconds(85));
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("b", {{"size", 4}, {"color", "blue"}})).status, 201);
    api_.clock().advance(std::chrono::seconds(5));
  }
  Json get(const std::string& target, const std::string& accept) {
    Ask what{"GET", target};
    what.headers = {{"accept", accept}};
    return api_.ask(std::move(what)).json();
  }
  ServedApi api_;
};

TEST_F(TableTest, A_list_becomes_rows_with_the_definitions_columns) {
  const Json table = get(kWidgetsPath, kTable);
  EXPECT_EQ(table["kind"], "Table");
  EXPECT_EQ(table["apiVersion"], "meta.k8s.io/v1");
  EXPECT_EQ(table["metadata"]["resourceVersion"], std::to_string(api_.store().revision()));
  ASSERT_EQ(table["columnDefinitions"].size(), 4u);
  EXPECT_EQ(table["columnDefinitions"][0]["name"], "Name");
  EXPECT_EQ(table["columnDefinitions"][0]["format"], "name");
  EXPECT_EQ(table["columnDefinitions"][1],
            Json({{"name", "Size"}, {"type", "integer"}, {"format", ""}, {"priority", 0},
                  {"description", "Custom resource definition column (in JSONPath format): .spec.size"}}));
  EXPECT_EQ(table["columnDefinitions"][2]["priority"], 1);
  ASSERT_EQ(table["rows"].size(), 2u);
  EXPECT_EQ(table["rows"][0]["cells"], Json({"a", 3, "red", "90s"}));
  EXPECT_EQ(table["rows"][1]["cells"], Json({"b", 4, "blue", "5s"}));
}

TEST_F(TableTest, Built_in_kinds_count_their_contents_and_name_what_they_are_about) {
  const Json map = {{"metadata", {{"name", "m"}}}, {"data", {{"a", "1"}, {"b", "2"}}}};
  ASSERT_EQ(api_.post("/api/v1/namespaces/lab/configmaps", map).status, 201);
  const Json maps = get("/api/v1/namespaces/lab/configmaps/m", kTable);
  EXPECT_EQ(maps["columnDefinitions"][1]["name"], "Data");
  EXPECT_EQ(maps["columnDefinitions"][1]["type"], "string");
  EXPECT_EQ(maps["columnDefinitions"][2]["type"], "string");
  EXPECT_EQ(maps["rows"][0]["cells"], Json({"m", 2, "0s"}));
  ASSERT_EQ(api_.post("/api/v1/namespaces/lab/secrets", {{"metadata", {{"name", "s"}}}}).status, 201);
  EXPECT_EQ(get("/api/v1/namespaces/lab/secrets/s", kTable)["rows"][0]["cells"], Json({"s", "Opaque", 0, "0s"}));
  const Json event = {{"metadata", {{"name", "e"}}},
                      {"involvedObject", {{"kind", "Widget"}, {"name", "a"}, {"namespace", "lab"}}}};
  ASSERT_EQ(api_.post("/api/v1/namespaces/lab/events", event).status, 201);
  EXPECT_EQ(get("/api/v1/namespaces/lab/events/e", kTable)["rows"][0]["cells"][4], "widget/a");
}

TEST_F(TableTest, Rows_carry_metadata_unless_told_otherwise) {
  const Json metadata = get(kWidgetsPath, kTable)["rows"][0]["object"];
  EXPECT_EQ(metadata["kind"], "PartialObjectMetadata");
  EXPECT_EQ(metadata["metadata"]["labels"]["app"], "x");
  EXPECT_FALSE(metadata.contains("spec"));
  const Json bare = get(kWidgetsPath + "?includeObject=None", kTable)["rows"][0];
  ASSERT_TRUE(bare.contains("object"));
  EXPECT_EQ(bare["object"], Json());
  EXPECT_EQ(get(kWidgetsPath + "?includeObject=Object", kTable)["rows"][0]["object"]["spec"]["size"], 3);
  const Json refused = get(kWidgetsPath + "?includeObject=Some", kTable);
  EXPECT_EQ(refused["code"], 400);
  EXPECT_NE(refused["message"].get<std::string>().find("includeObject: Invalid value: \"Some\""), std::string::npos);
}

TEST_F(TableTest, One_object_is_a_table_of_one_row) {
  const Json table = get(kWidgetsPath + "/b", kTable);
  ASSERT_EQ(table["rows"].size(), 1u);
  EXPECT_EQ(table["rows"][0]["cells"][0], "b");
  EXPECT_EQ(get(kWidgetsPath + "/b", "application/json;as=Table;v=v1beta1;g=meta.k8s.io")["apiVersion"], "meta.k8s.io/v1beta1");
}

TEST_F(TableTest, A_kind_without_columns_shows_name_and_age) {
  ASSERT_EQ(api_.post(kRacksPath, {{"apiVersion", "shop.dev/v1"}, {"kind", "Rack"}, {"metadata", {{"name", "r"}}}}).status, 201);
  api_.clock().advance(std::chrono::hours(50));
  const Json table = get(kRacksPath, kTable);
  ASSERT_EQ(table["columnDefinitions"].size(), 2u);
  EXPECT_EQ(table["rows"][0]["cells"], Json({"r", "2d2h"}));
}

TEST_F(TableTest, Partial_metadata_leaves_out_everything_else) {
  const Json one = get(kWidgetsPath + "/a", kPartial);
  EXPECT_EQ(one["kind"], "PartialObjectMetadata");
  EXPECT_EQ(one["metadata"]["name"], "a");
  EXPECT_FALSE(one.contains("spec"));
  const Json list = get(kWidgetsPath + "?limit=1", kPartialList);
  EXPECT_EQ(list["kind"], "PartialObjectMetadataList");
  ASSERT_EQ(list["items"].size(), 1u);
  EXPECT_EQ(list["metadata"]["remainingItemCount"], 1);
}

TEST_F(TableTest, Yaml_is_the_same_document) {
  Ask what{"GET", kWidgetsPath + "/a"};
  what.headers = {{"accept", "application/yaml"}};
  const Answer answer = api_.ask(std::move(what));
  EXPECT_EQ(answer.header("Content-Type"), "application/yaml");
  const auto tree = parse_yaml(answer.body);
  ASSERT_TRUE(tree.has_value());
  EXPECT_EQ(*tree, get(kWidgetsPath + "/a", "application/json"));
}

TEST(TableWriter, Cells_of_a_wrong_type_are_null_or_unknown) {
  ResourceType type;
  type.columns = {{"Count", "integer", "", "", ".spec.count", 0},
                  {"On", "boolean", "", "", ".spec.on", 0},
                  {"When", "date", "", "", ".spec.when", 0},
                  {"All", "string", "", "", ".spec.list[*]", 0},
                  {"Bad", "string", "", "", "spec[", 0}};
  const Json tree = {{"apiVersion", "v1"},
                     {"kind", "X"},
                     {"metadata", {{"name", "x"}}},
                     {"spec", {{"count", "three"}, {"on", true}, {"when", "yesterday"}, {"list", {"a", 1, {{"b", 2}}}}}}};
  const TableWriter writer(type, {}, IncludeObject::None);
  EXPECT_EQ(writer.row(Encoded::make(tree, 1), Instant{}),
            R"({"cells":["x",null,true,"<unknown>","a,1,{\"b\":2}"],"object":null})");
  EXPECT_EQ(writer.row(Encoded::make({{"metadata", {{"name", "y"}}}}, 1), Instant{}),
            R"({"cells":["y",null,null,null,null],"object":null})");
}

}  // namespace
}  // namespace charter::test
