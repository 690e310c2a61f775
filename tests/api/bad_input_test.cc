#include "tests/api/bad_input.h"

#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Documents that must not be read: JSON, YAML, values, media types, patches, applied
// configurations.
namespace charter::test {
namespace {

TEST_F(BadInput, Json_that_is_none_or_too_much) {
  const char* text = "the object provided is unrecognized (must be of type Widget)";
  check({
      post("cut off", R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},)",
           400, "BadRequest", text),
      post("words", "hello", 400, "BadRequest", text),
      post("two documents", named("b") + named("c"), 400, "BadRequest", text),
      post("a list", "[]", 400, "BadRequest", text),
      post("null", "null", 400, "BadRequest", text),
      post("a number", "7", 400, "BadRequest", text),
      post("depth 100000", std::string(100'000, '['), 400, "BadRequest", text),
      post("depth in a member",
           with_spec(",\"x\":" + std::string(100, '[') + std::string(100, ']')), 400, "BadRequest",
           text),
      post("1e999", with_spec(",\"ratio\":1e999"), 400, "BadRequest", text),
      post("NaN", with_spec(",\"ratio\":NaN"), 400, "BadRequest", text),
      post("leading zero", with_spec(",\"replicas\":01"), 400, "BadRequest", text),
      post("lone surrogate", with_spec(R"(,"name":"\ud800")"), 400, "BadRequest", text),
      post("invalid UTF-8", with_spec(",\"name\":\"\xff\""), 400, "BadRequest", text),
      post("overlong UTF-8", with_spec(",\"name\":\"\xc0\xaf\""), 400, "BadRequest", text),
      post("byte order mark", "\xef\xbb\xbf" + named("b"), 400, "BadRequest", text),
      post("NUL byte", named("b") + std::string(1, '\0'), 400, "BadRequest", text),
      post("comment", "// x\n" + named("b"), 400, "BadRequest", text),
      post("single quotes", "{'kind':'Widget'}", 400, "BadRequest", text),
      post("a million values", with_spec(",\"labels\":[" + repeat("1,", 1'000'000) + "1]"), 400,
           "BadRequest", "document has more than 250000 values"),
      post("a million empty objects", "[" + repeat("{},", 1'000'000) + "{}]", 400, "BadRequest",
           "document has more than 250000 values"),
  });
}

TEST_F(BadInput, Values_of_a_wrong_type_or_size_name_their_field) {
  check({
      post("a fraction", with_spec(",\"replicas\":1.5"), 422, "Invalid",
           "spec.replicas in body must be of type integer"),
      post("text for a number", with_spec(",\"replicas\":\"3\""), 422, "Invalid",
           "spec.replicas in body must be of type integer"),
      post(
          "out of range",
          R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":-1}})",
          422, "Invalid", "spec.size in body should be greater than or equal to 1"),
      post("spec is text",
           R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":"x"})",
           422, "Invalid", "spec in body must be of type object"),
      post(
          "not in the enum", with_spec(",\"color\":\"pink\""), 422, "Invalid",
          R"(spec.color: Unsupported value: \"pink\": supported values: \"red\", \"green\", \"blue\")"),
      post("pattern", with_spec(",\"name\":\"a;rm -rf\""), 422, "Invalid", "spec.name"),
      post("time in words", with_spec(",\"when\":\"yesterday\""), 422, "Invalid",
           "must be of type date-time"),
      post("a date for a time", with_spec(",\"when\":\"9999-12-31\""), 422, "Invalid",
           "must be of type date-time"),
      post("a leap second", with_spec(",\"when\":\"2016-12-31T23:59:60Z\""), 422, "Invalid",
           "must be of type date-time"),
      post("the 30th of February", with_spec(",\"when\":\"2026-02-30T00:00:00Z\""), 422, "Invalid",
           "must be of type date-time"),
      post("2^63 for an integer", with_spec(",\"replicas\":9223372036854775808"), 422, "Invalid",
           "spec.replicas"),
      post("duplicate map key", with_spec(R"(,"items":[{"key":"a"},{"key":"a"}])"), 422, "Invalid",
           "spec.items[1]: Duplicate value"),
      post("too many items",
           with_spec(R"(,"items":[{"key":"a"},{"key":"b"},{"key":"c"},{"key":"d"}])"), 422,
           "Invalid", "spec.items: Too many: 4: must have at most 3 items"),
      post("port as a list", with_spec(",\"port\":[1]"), 422, "Invalid", "spec.port"),
      post("1 MiB in a bounded field",
           with_spec(",\"name\":\"" + std::string(1'000'000, 'x') + "\""), 422, "Invalid",
           "spec.name"),
      post("an object above 1.5 MiB",
           with_spec(",\"labels\":{\"x\":\"" + std::string(limits::kObjectBytesMax, 'y') + "\"}"),
           413, "RequestEntityTooLarge", "limit is 1572864"),
  });
}

TEST_F(BadInput, Yaml_bombs_and_traps) {
  std::string bomb =
      "apiVersion: shop.dev/v1\nkind: Widget\nmetadata: {name: b}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last +
            repeat("," + last, 9) + "]\n";
  }
  const std::string head = "apiVersion: shop.dev/v1\nkind: Widget\nspec: {size: 1}\nmetadata:\n";
  const char* text = "the object provided is unrecognized (must be of type Widget)";
  check({
      post("alias bomb", bomb, 400, "BadRequest", text, kYaml),
      post("deep flow", std::string(10'000, '['), 400, "BadRequest", text, kYaml),
      post("python tag", head + "  name: !!python/object/apply:os.system ['id']\n", 400,
           "BadRequest", "ObjectMeta.name", kYaml),
      post("two documents", head + "  name: b\n---\n" + head + "  name: c\n", 400, "BadRequest",
           "one document is expected", kYaml),
      post("330000 documents", repeat("---\na: 1\n", 330'000), 400, "BadRequest",
           "lines and values", kYaml),
      post("10001 documents", repeat("---\na: 1\n", 10'001), 400, "BadRequest",
           "more than 10000 documents", kYaml),
      post("deep flow of 3 MB", std::string(3'000'000, '['), 400, "BadRequest", text, kYaml),
      post("deep flow below a key", head + "  name: " + repeat("{a: ", 100), 400, "BadRequest",
           "nesting is deeper than 64", kYaml),
      post("a million items", head + "x:\n" + repeat("- a\n", 750'000), 400, "BadRequest",
           "lines and values", kYaml),
      post("a merge key of no map", head + "  name: b\n  <<: 5\n", 400, "BadRequest",
           "map merge requires map", kYaml),
      post("no is a boolean, not a name", head + "  name: no\n", 400, "BadRequest",
           "ObjectMeta.name", kYaml),
      post("0o7 is an octal number, not a name", head + "  name: 0o7\n", 400, "BadRequest",
           "ObjectMeta.name", kYaml),
      post("sexagesimal is text, not a number",
           "apiVersion: shop.dev/v1\nkind: Widget\nmetadata: {name: b}\nspec: {size: 1:30}\n", 422,
           "Invalid", "spec.size in body must be of type integer", kYaml),
      post("tab indentation", head + "\tname: b\n", 400, "BadRequest", text, kYaml),
      post("y is a boolean, not a name", head + "  name: y\n", 400, "BadRequest", "ObjectMeta.name",
           kYaml),
      post("unclosed quote", head + "  name: \"b\n", 400, "BadRequest", text, kYaml),
      post("unknown alias", head + "  name: *nobody\n", 400, "BadRequest", text, kYaml),
      post("invalid UTF-8", head + "  name: \xff\n", 400, "BadRequest", text, kYaml),
  });
}

TEST_F(BadInput, Content_types_the_server_does_not_read) {
  const char* text =
      "the body of the request was in an unknown format - accepted media types include: ";
  check({
      post("text", named("b"), 415, "UnsupportedMediaType", text, "text/plain"),
      post("protobuf", named("b"), 415, "UnsupportedMediaType", text,
           "application/vnd.kubernetes.protobuf"),
      post("two types", named("b"), 415, "UnsupportedMediaType", text,
           "application/json, application/yaml"),
      patch("patch as plain JSON", kJson, "{}", 415, "UnsupportedMediaType", text),
      patch("strategic merge on a custom resource", "application/strategic-merge-patch+json", "{}",
            415, "UnsupportedMediaType", "application/apply-patch+yaml"),
      {"PUT of a patch", {"PUT", kA, "{}", kMerge}, 415, "UnsupportedMediaType", text},
      {"Accept: text/csv",
       {"GET", kA, "", kJson, {{"accept", "text/csv"}}},
       406,
       "NotAcceptable",
       "media types are accepted"},
  });
}

TEST_F(BadInput, Patches) {
  const std::string self_copies =
      items(12'000, [](size_t) { return R"({"op":"copy","from":"/spec","path":"/spec/labels"})"; });
  const std::string doubling =
      R"([{"op":"add","path":"/spec/labels","value":{"x":"y"}},)" +
      items(60, [](size_t) { return R"({"op":"copy","from":"/spec","path":"/spec/labels/x"})"; }) +
      "]";
  const std::string large_copies =
      R"([{"op":"add","path":"/spec/name","value":")" + std::string(262'144, 'x') + "\"}," +
      items(10,
            [](size_t i) {
              return R"({"op":"copy","from":"/spec/name","path":"/spec/c)" + std::to_string(i) +
                     "\"}";
            }) +
      "]";
  const char* refused = "the server rejected our request due to an error in our request";
  check({
      patch("not a patch document", kOperations, "{}", 400, "BadRequest", "error decoding patch"),
      patch("cut off", kOperations, "[{", 400, "BadRequest", "error decoding patch"),
      patch("unknown operation", kOperations, R"([{"op":"steal","path":"/spec"}])", 422, "Invalid",
            refused),
      patch("12000 operations", kOperations, "[" + self_copies + "]", 413, "RequestEntityTooLarge",
            ""),
      patch("doubling copies", kOperations, doubling, 400, "BadRequest",
            "nesting is deeper than 64 levels"),
      patch("copies of 256 KiB", kOperations, large_copies, 413, "RequestEntityTooLarge",
            "accumulated size increase of copy"),
      patch("move into its own child", kOperations,
            R"([{"op":"move","from":"/spec","path":"/spec/labels"}])", 422, "Invalid", ""),
      patch("failing test", kOperations, R"([{"op":"test","path":"/spec/size","value":4}])", 422,
            "Invalid", refused),
      patch("missing path", kOperations,
            R"([{"op":"replace","path":"/spec/none/deeper","value":4}])", 422, "Invalid", refused),
      patch("remove everything", kOperations, R"([{"op":"remove","path":""}])", 422, "Invalid", ""),
      {"test as an oracle on a secret",
       {"PATCH", kSecrets + "/s", R"([{"op":"test","path":"/data/password","value":"x"}])",
        kOperations},
       422,
       "Invalid",
       refused},
      patch("null at the root", kMerge, "null", 400, "BadRequest", ""),
      patch("a list at the root", kMerge, "[]", 400, "BadRequest", ""),
      patch("metadata is a list", kMerge, R"({"metadata":[]})", 400, "BadRequest", "metadata"),
      patch("renames", kMerge, R"({"metadata":{"name":"z"}})", 400, "BadRequest",
            "does not match the name on the URL"),
      patch("another version", kMerge, R"({"metadata":{"resourceVersion":"1"}})", 409, "Conflict",
            "the object has been modified"),
      patch("another uid", kMerge, R"({"metadata":{"uid":"x"}})", 409, "Conflict",
            "UID in precondition: x"),
      patch("another kind", kMerge, R"({"kind":"Wodget"})", 422, "Invalid", "must be Widget"),
      patch("unknown field, strictly", kMerge, R"({"spec":{"bogus":1}})", 422, "Invalid",
            R"(strict decoding error: unknown field \"spec.bogus\")", "?fieldValidation=Strict"),
  });
}

TEST_F(BadInput, Apply) {
  const std::string body = encode(shop_widget("a"));
  const std::string keys =
      encode(shop_widget("a", {{"size", 3}, {"items", {{{"key", "x"}}, {{"key", "x"}}}}}));
  check({
      patch("no manager", kApply, body, 422, "Invalid",
            "fieldManager: Required value: is required for apply patch"),
      patch("a manager of 10 kB", kApply, body, 422, "Invalid", "fieldManager: Too long",
            "?fieldManager=" + std::string(10'000, 'm')),
      patch("a manager with a newline", kApply, body, 422, "Invalid",
            "should only contain printable characters", "?fieldManager=a%0Ab"),
      patch("forged managedFields", kApply,
            encode(shop_widget("a", {{"size", 3}},
                               {{"managedFields", {{{"manager", "x"}, {"operation", "Apply"}}}}})),
            400, "BadRequest", "metadata.managedFields must be nil", "?fieldManager=m"),
      patch("duplicate list-map key", kApply, keys, 500, "", "failed to create typed patch object",
            "?fieldManager=m"),
      patch("unknown field", kApply, encode(shop_widget("a", {{"size", 3}, {"bogus", 1}})), 500, "",
            ".spec.bogus: field not declared in schema", "?fieldManager=m"),
      patch("no kind", kApply, "{}", 400, "BadRequest",
            "invalid object type: /, Kind=", "?fieldManager=m"),
      patch("force without apply", kMerge, "{}", 422, "Invalid",
            "force: Forbidden: may not be specified for non-apply patch", "?force=true"),
      patch("force in words", kApply, body, 400, "BadRequest", "force: Invalid value",
            "?fieldManager=m&force=maybe"),
      {"status of nothing",
       {"PATCH", kWidgetsPath + "/none/status?fieldManager=m", encode(shop_widget("none")), kApply},
       404,
       "NotFound",
       "widgets.shop.dev"},
  });
}

}  // namespace
}  // namespace charter::test
