#include "controller/object/field_set.h"

#include "tests/object/widget.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using testing::json;

FieldSet fields(const std::string& text) {
  auto set = parse_fields(json(text));
  EXPECT_TRUE(set) << text;
  return std::move(*set);
}

std::string text(const FieldSet& set) {
  return fields_to_json(set).dump();
}

constexpr const char* kSample =
    R"({"f:spec":{".":{},"f:items":{"k:{\"key\":\"a\"}":{".":{},"f:key":{}}},"f:size":{},"f:tags":{"v:\"x\"":{}}}})";

TEST(FieldSet, Reads_and_writes_the_form_of_managed_fields) {
  EXPECT_EQ(text(fields(kSample)), kSample);
  EXPECT_EQ(text(fields("{}")), "{}");
  EXPECT_EQ(text(fields(R"({"i:0":{}})")), R"({"i:0":{}})");
}

TEST(FieldSet, Refuses_what_is_no_set) {
  for (const char* bad :
       {R"([])", R"({"f:a": 1})", R"({"x:a": {}})", R"({"spec": {}})", R"({"f:a": {"b": {}}})"})
    EXPECT_FALSE(parse_fields(json(bad))) << bad;
}

/// One row: two sets and what the operations make of them.
struct Row {
  const char* left;
  const char* right;
  const char* united;
  const char* common;
  const char* rest;
};

TEST(FieldSet, Operations_work_on_exact_paths) {
  const Row rows[] = {
      {"{}", R"({"f:a":{}})", R"({"f:a":{}})", "{}", "{}"},
      {R"({"f:a":{}})", "{}", R"({"f:a":{}})", "{}", R"({"f:a":{}})"},
      {R"({"f:a":{},"f:c":{}})", R"({"f:b":{},"f:c":{}})", R"({"f:a":{},"f:b":{},"f:c":{}})",
       R"({"f:c":{}})", R"({"f:a":{}})"},
      // a node without what is below it, and what is below without the node
      {R"({"f:a":{}})", R"({"f:a":{"f:b":{}}})", R"({"f:a":{".":{},"f:b":{}}})", "{}",
       R"({"f:a":{}})"},
      {R"({"f:a":{".":{},"f:b":{}}})", R"({"f:a":{}})", R"({"f:a":{".":{},"f:b":{}}})",
       R"({"f:a":{}})", R"({"f:a":{"f:b":{}}})"},
      {R"({"f:a":{"f:b":{"f:c":{}}}})", R"({"f:a":{"f:b":{"f:c":{}}}})",
       R"({"f:a":{"f:b":{"f:c":{}}}})", R"({"f:a":{"f:b":{"f:c":{}}}})", "{}"},
  };
  for (const Row& row : rows) {
    const FieldSet left = fields(row.left), right = fields(row.right);
    EXPECT_EQ(text(unite(left, right)), row.united) << row.left << " + " << row.right;
    EXPECT_EQ(text(intersect(left, right)), row.common) << row.left << " & " << row.right;
    EXPECT_EQ(text(subtract(left, right)), row.rest) << row.left << " - " << row.right;
  }
}

TEST(FieldSet, Paths_read_as_kubernetes_prints_them_members_before_deeper_ones) {
  std::vector<std::string> paths;
  for_each_path(fields(R"({"f:spec":{"f:a":{"f:z":{}},"f:b":{},
                           "f:l":{"k:{\"key\":\"a\",\"n\":1}":{".":{},"f:v":{}},"i:3":{}},
                           "f:s":{"v:\"x\"":{},"v:2":{}}}})"),
                [&](const std::string& path) { paths.push_back(path); });
  EXPECT_EQ(paths, (std::vector<std::string>{".spec.b", ".spec.a.z", ".spec.l[3]",
                                             ".spec.l[key=\"a\",n=1]", ".spec.l[key=\"a\",n=1].v",
                                             ".spec.s[=\"x\"]", ".spec.s[=2]"}));
}

TEST(FieldSet, Finds_first_elements) {
  const FieldSet set = fields(kSample);
  ASSERT_NE(set.find("f:spec"), nullptr);
  EXPECT_TRUE(set.find("f:spec")->member);
  EXPECT_EQ(set.find("f:status"), nullptr);
  EXPECT_TRUE(FieldSet{}.empty());
}

}  // namespace
}  // namespace charter
