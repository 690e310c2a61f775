#include "controller/object/patch.h"

#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json read(const std::string& text) {
  return *parse_json(text);
}

struct Row {
  const char* target;
  const char* patch;
  const char* result;
};

TEST(JsonPatch, Operations_do_what_rfc_6902_says) {
  const Row rows[] = {
      {R"({"a":1})", R"([])", R"({"a":1})"},
      {R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
      {R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
      {R"({"a":1})", R"([{"op":"add","path":"/b","value":null}])", R"({"a":1,"b":null})"},
      {R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2]})"},
      {R"({"a":1})", R"([{"op":"add","path":"","value":[1]}])", R"([1])"},
      {R"({"a":1})", R"([{"op":"add","path":"/","value":2}])", R"({"":2,"a":1})"},
      {R"({"a/b":1,"c~d":2})",
       R"([{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/c~0d","value":3}])",
       R"({"c~d":3})"},
      {R"({"~1":1})", R"([{"op":"test","path":"/~01","value":1}])", R"({"~1":1})"},
      {R"({"a":[1,2,3]})", R"([{"op":"remove","path":"/a/1"}])", R"({"a":[1,3]})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":{"b":1}}])", R"({"b":1})"},
      {R"({"a":{"x":1},"b":{}})", R"([{"op":"move","from":"/a/x","path":"/b/y"}])",
       R"({"a":{},"b":{"y":1}})"},
      {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])", R"({"a":[2,3,1]})"},
      {R"({"a":1})", R"([{"op":"move","from":"/a","path":"/a"}])", R"({"a":1})"},
      {R"({"a":{"x":[1]}})", R"([{"op":"copy","from":"/a","path":"/b"}])",
       R"({"a":{"x":[1]},"b":{"x":[1]}})"},
      {R"({"a":{"x":1}})", R"([{"op":"copy","from":"/a","path":"/a/y"}])",
       R"({"a":{"x":1,"y":{"x":1}}})"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1.0},{"op":"remove","path":"/a"}])",
       R"({})"},
      {R"({"a":{"0":1}})", R"([{"op":"remove","path":"/a/0"}])", R"({"a":{}})"},
      {R"({"a":1})", R"([{"op":"add","path":"/b","value":1,"extra":true}])", R"({"a":1,"b":1})"},
  };
  for (const Row& row : rows) {
    const auto result = apply_json_patch(read(row.target), read(row.patch));
    ASSERT_TRUE(result) << row.patch << ": " << result.error().message;
    EXPECT_EQ(encode(*result), row.result) << row.patch;
  }
}

TEST(JsonPatch, Operations_that_cannot_be_carried_out_are_rejected_without_telling_why) {
  const char* patches[] = {
      R"([{"op":"remove","path":"/none"}])",
      R"([{"op":"remove","path":""}])",
      R"([{"op":"replace","path":"/none","value":1}])",
      R"([{"op":"add","path":"/none/deeper","value":1}])",
      R"([{"op":"add","path":"/text/deeper","value":1}])",
      R"([{"op":"add","path":"/null/deeper","value":1}])",
      R"([{"op":"remove","path":"/text/0"}])",
      R"([{"op":"add","path":"/list/3","value":1}])",
      R"([{"op":"add","path":"/list/01","value":1}])",
      R"([{"op":"add","path":"/list/+1","value":1}])",
      R"([{"op":"add","path":"/list/-1","value":1}])",
      R"([{"op":"add","path":"/list/x","value":1}])",
      R"([{"op":"add","path":"/list/99999999999999999999","value":1}])",
      R"([{"op":"remove","path":"/list/-"}])",
      R"([{"op":"remove","path":"/list/2"}])",
      R"([{"op":"test","path":"/list/0","value":2}])",
      R"([{"op":"test","path":"/secret","value":"guess"}])",
      R"([{"op":"test","path":"/none","value":null}])",
      R"([{"op":"move","from":"/object","path":"/object/child"}])",
      R"([{"op":"move","from":"","path":"/object/child"}])",
      R"([{"op":"move","from":"/none","path":"/x"}])",
      R"([{"op":"copy","from":"/none","path":"/x"}])",
      R"([{"op":"copy","path":"/x"}])",
      R"([{"op":"move","from":1,"path":"/x"}])",
      R"([{"op":"add","path":"/x"}])",
      R"([{"op":"add","value":1}])",
      R"([{"op":"add","path":1,"value":1}])",
      R"([{"op":"add","path":"x","value":1}])",
      R"([{"op":"add","path":"/~2","value":1}])",
      R"([{"op":"add","path":"/~","value":1}])",
      R"([{"op":"merge","path":"/x","value":1}])",
      R"([{"path":"/x","value":1}])",
      R"([{"op":"ADD","path":"/x","value":1}])",
      R"([{}])",
  };
  const Json target =
      read(R"({"text":"x","null":null,"list":[1,2],"object":{"a":1},"secret":"s3cret"})");
  for (const char* patch : patches) {
    const auto result = apply_json_patch(target, read(patch));
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(result.error().code, Code::Invalid) << patch;
    EXPECT_EQ(result.error().message,
              "the server rejected our request due to an error in our request");
    EXPECT_FALSE(result.error().subject) << patch;
    EXPECT_TRUE(result.error().causes.empty()) << patch;
  }
}

TEST(JsonPatch, What_is_no_patch_cannot_be_decoded) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"op":"add"})",
       "error decoding patch: json: cannot unmarshal object into Go value of type "
       "[]handlers.jsonPatchOp"},
      {R"("x")",
       "error decoding patch: json: cannot unmarshal string into Go value of type "
       "[]handlers.jsonPatchOp"},
      {R"(["x"])",
       "error decoding patch: json: cannot unmarshal string into Go value of type "
       "jsonpatch.Operation"},
      {R"([[]])",
       "error decoding patch: json: cannot unmarshal array into Go value of type "
       "jsonpatch.Operation"},
  };
  for (const auto& [patch, message] : rows) {
    const auto result = apply_json_patch(Json::object(), read(patch));
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(result.error().code, Code::BadRequest);
    EXPECT_EQ(result.error().message, message);
  }
}

TEST(JsonPatch, The_number_of_operations_is_bounded) {
  const Json operation = {{"op", "add"}, {"path", "/a"}, {"value", 1}};
  Json patch(limits::kPatchOperationsMax, operation);
  EXPECT_TRUE(apply_json_patch(Json::object(), patch));
  patch.push_back(operation);
  const auto result = apply_json_patch(Json::object(), patch);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::RequestEntityTooLarge);
  EXPECT_EQ(result.error().message,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
            "got 10001");
}

TEST(JsonPatch, Copies_cannot_double_without_end) {
  Json patch = Json::array();
  for (int i = 0; i < 40; ++i) {
    patch.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/a/-"}});
  }
  const auto nested = apply_json_patch(read(R"({"a":[]})"), patch);
  ASSERT_FALSE(nested);
  EXPECT_NE(nested.error().code, Code::InternalError);
  Json flat = Json::array();
  for (int i = 0; i < 40; ++i) {
    flat.push_back({{"op", "copy"}, {"from", "/a"}, {"path", "/b" + std::to_string(i)}});
  }
  const auto large = apply_json_patch(Json{{"a", std::string(100'000, 'x')}}, flat);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, Code::RequestEntityTooLarge);
}

TEST(JsonPatch, Moving_large_lists_about_is_bounded_work) {
  Json list(100'000, 1);
  Json patch = Json::array();
  for (int i = 0; i < 1000; ++i) {
    patch.push_back({{"op", "add"}, {"path", "/a/0"}, {"value", 1}});
  }
  const auto result = apply_json_patch(Json{{"a", list}}, patch);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "the patch moves or copies more than 2000000 values");
}

TEST(JsonPatch, The_result_cannot_be_deeper_than_a_document) {
  Json patch = Json::array();
  for (int i = 0; i < 100; ++i) {
    patch.push_back({{"op", "add"}, {"path", "/n"}, {"value", Json::object()}});
    patch.push_back({{"op", "move"}, {"from", "/a"}, {"path", "/n/a"}});
    patch.push_back({{"op", "move"}, {"from", "/n"}, {"path", "/a"}});
  }
  const auto result = apply_json_patch(read(R"({"a":{}})"), patch);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("nesting is deeper than 64 levels"), std::string::npos);
}

TEST(JsonPatch, A_failed_patch_leaves_the_target_alone) {
  const Json target = read(R"({"a":1})");
  const Json before = target;
  EXPECT_FALSE(apply_json_patch(
      target, read(R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/a"}])")));
  EXPECT_EQ(target, before);
}

TEST(MergePatch, Does_what_rfc_7386_says) {
  const Row rows[] = {
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", R"({})"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
      {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
      {R"({"a":"b"})", R"({})", R"({"a":"b"})"},
  };
  for (const Row& row : rows) {
    const auto result = apply_merge_patch(read(row.target), read(row.patch));
    ASSERT_TRUE(result) << row.patch;
    EXPECT_EQ(encode(*result), row.result) << row.patch;
  }
}

TEST(MergePatch, A_patch_that_is_no_object_is_refused) {
  for (const char* patch : {"null", "[]", "\"x\"", "3", "[{\"op\":\"add\"}]"}) {
    const auto result = apply_merge_patch(read(R"({"a":1})"), read(patch));
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(result.error().code, Code::BadRequest);
    EXPECT_EQ(result.error().message, "error decoding patch: a merge patch must be a JSON object");
  }
}

}  // namespace
}  // namespace charter
