#include "controller/api/list_options.h"
#include "controller/base/limits.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>

// promises.md "Bad input", as far as it reaches the API: each row is refused with the right code and words, and leaves the
// store exactly as it was.
namespace charter::test {
namespace {

constexpr const char* kJson = "application/json";
constexpr const char* kYaml = "application/yaml";
constexpr const char* kMerge = "application/merge-patch+json";
constexpr const char* kOperations = "application/json-patch+json";
constexpr const char* kApply = "application/apply-patch+yaml";
const std::string kA = kWidgetsPath + "/a";
const std::string kSecrets = "/api/v1/namespaces/lab/secrets";

/// One refused request.
struct Row {
  const char* what;
  Ask ask;
  int code;
  const char* reason;
  std::string text;  ///< part of the message
};

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += text;
  return out;
}

/// A widget "b" as text with this written into its spec.
std::string with_spec(const std::string& spec) {
  return R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":1)" + spec + "}}";
}

/// A widget with this written into its metadata.
std::string with_metadata(const std::string& metadata) {
  return R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{)" + metadata + R"(},"spec":{"size":1}})";
}

std::string named(const std::string& name) { return with_metadata("\"name\":" + encode(Json(name))); }

/// `count` members "k0":"v", joined by commas.
std::string members(size_t count, const std::string& value) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i ? "," : "") + ("\"k" + std::to_string(i)) + "\":\"" + value + "\"";
  return out;
}

std::string items(size_t count, const std::function<std::string(size_t)>& item) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += (i ? "," : "") + item(i);
  return out;
}

class BadInput : public testing::Test {
 protected:
  BadInput() {
    EXPECT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
    EXPECT_EQ(api_.post(kSecrets, {{"metadata", {{"name", "s"}}}, {"stringData", {{"password", "hunter2"}}}}).status, 201);
  }

  void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.what);
      const int64_t revision = api_.store().revision();
      const int64_t objects = api_.store().stats().objects;
      const Answer answer = api_.ask(row.ask);
      EXPECT_EQ(answer.status, row.code) << answer.body.substr(0, 600);
      EXPECT_EQ(answer.reason(), row.reason) << answer.body.substr(0, 600);
      EXPECT_NE(answer.body.find(row.text), std::string::npos) << answer.body.substr(0, 600);
      EXPECT_EQ(answer.body.find("hunter2"), std::string::npos) << "no answer may tell a secret";
      EXPECT_LT(answer.body.size(), 200'000u) << "an error must not grow with its input";
      EXPECT_EQ(api_.store().revision(), revision);
      EXPECT_EQ(api_.store().stats().objects, objects);
    }
  }

  Row post(const char* what, std::string body, int code, const char* reason, std::string text, const char* type = kJson) {
    return {what, {"POST", kWidgetsPath, std::move(body), type}, code, reason, std::move(text)};
  }
  Row patch(const char* what, const char* type, std::string body, int code, const char* reason, std::string text,
            const std::string& query = {}) {
    return {what, {"PATCH", kA + query, std::move(body), type}, code, reason, std::move(text)};
  }
  Row get(const char* what, const std::string& target, int code, const char* reason, std::string text) {
    return {what, {"GET", target}, code, reason, std::move(text)};
  }

  ServedApi api_;
};

TEST_F(BadInput, Json_that_is_none_or_too_much) {
  const char* text = "the object provided is unrecognized (must be of type Widget)";
  check({
      post("cut off", R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},)", 400, "BadRequest", text),
      post("words", "hello", 400, "BadRequest", text),
      post("two documents", named("b") + named("c"), 400, "BadRequest", text),
      post("a list", "[]", 400, "BadRequest", text),
      post("null", "null", 400, "BadRequest", text),
      post("a number", "7", 400, "BadRequest", text),
      post("depth 100000", std::string(100'000, '['), 400, "BadRequest", text),
      post("depth in a member", with_spec(",\"x\":" + std::string(100, '[') + std::string(100, ']')), 400, "BadRequest", text),
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
  });
}

TEST_F(BadInput, Values_of_a_wrong_type_or_size_name_their_field) {
  check({
      post("a fraction", with_spec(",\"replicas\":1.5"), 422, "Invalid", "spec.replicas in body must be of type integer"),
      post("text for a number", with_spec(",\"replicas\":\"3\""), 422, "Invalid", "spec.replicas in body must be of type integer"),
      post("out of range", R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":{"size":-1}})", 422,
           "Invalid", "spec.size in body should be greater than or equal to 1"),
      post("spec is text", R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":{"name":"b"},"spec":"x"})", 422, "Invalid",
           "spec in body must be of type object"),
      post("not in the enum", with_spec(",\"color\":\"pink\""), 422, "Invalid",
           R"(spec.color: Unsupported value: \"pink\": supported values: \"red\", \"green\", \"blue\")"),
      post("pattern", with_spec(",\"name\":\"a;rm -rf\""), 422, "Invalid", "spec.name"),
      post("time in words", with_spec(",\"when\":\"yesterday\""), 422, "Invalid", "must be of type date-time"),
      post("duplicate map key", with_spec(R"(,"items":[{"key":"a"},{"key":"a"}])"), 422, "Invalid", "spec.items[1]: Duplicate value"),
      post("too many items", with_spec(R"(,"items":[{"key":"a"},{"key":"b"},{"key":"c"},{"key":"d"}])"), 422, "Invalid",
           "spec.items: Too many: 4: must have at most 3 items"),
      post("port as a list", with_spec(",\"port\":[1]"), 422, "Invalid", "spec.port"),
      post("1 MiB in a bounded field", with_spec(",\"name\":\"" + std::string(1'000'000, 'x') + "\""), 422, "Invalid", "spec.name"),
      post("an object above 1.5 MiB", with_spec(",\"labels\":{\"x\":\"" + std::string(limits::kObjectBytesMax, 'y') + "\"}"), 413,
           "RequestEntityTooLarge", "limit is 1572864"),
  });
}

TEST_F(BadInput, Yaml_bombs_and_traps) {
  std::string bomb = "apiVersion: shop.dev/v1\nkind: Widget\nmetadata: {name: b}\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + repeat("," + last, 9) + "]\n";
  }
  const std::string head = "apiVersion: shop.dev/v1\nkind: Widget\nspec: {size: 1}\nmetadata:\n";
  const char* text = "the object provided is unrecognized (must be of type Widget)";
  check({
      post("alias bomb", bomb, 400, "BadRequest", text, kYaml),
      post("deep flow", std::string(10'000, '['), 400, "BadRequest", text, kYaml),
      post("python tag", head + "  name: !!python/object/apply:os.system ['id']\n", 400, "BadRequest", "metadata.name", kYaml),
      post("many documents", repeat("---\na: 1\n", 10'000), 400, "BadRequest", text, kYaml),
      post("tab indentation", head + "\tname: b\n", 400, "BadRequest", text, kYaml),
      post("y is a boolean, not a name", head + "  name: y\n", 400, "BadRequest", "metadata.name", kYaml),
      post("unclosed quote", head + "  name: \"b\n", 400, "BadRequest", text, kYaml),
      post("unknown alias", head + "  name: *nobody\n", 400, "BadRequest", text, kYaml),
      post("invalid UTF-8", head + "  name: \xff\n", 400, "BadRequest", text, kYaml),
  });
}

TEST_F(BadInput, Content_types_the_server_does_not_read) {
  const char* text = "the body of the request was in an unknown format - accepted media types include: ";
  check({
      post("text", named("b"), 415, "UnsupportedMediaType", text, "text/plain"),
      post("protobuf", named("b"), 415, "UnsupportedMediaType", text, "application/vnd.kubernetes.protobuf"),
      post("two types", named("b"), 415, "UnsupportedMediaType", text, "application/json, application/yaml"),
      patch("patch as plain JSON", kJson, "{}", 415, "UnsupportedMediaType", text),
      patch("strategic merge on a custom resource", "application/strategic-merge-patch+json", "{}", 415, "UnsupportedMediaType",
            "application/apply-patch+yaml"),
      {"PUT of a patch", {"PUT", kA, "{}", kMerge}, 415, "UnsupportedMediaType", text},
      {"Accept: text/csv", {"GET", kA, "", kJson, {{"accept", "text/csv"}}}, 406, "NotAcceptable", "media types are accepted"},
  });
}

TEST_F(BadInput, Patches) {
  const std::string self_copies = items(12'000, [](size_t) { return R"({"op":"copy","from":"/spec","path":"/spec/labels"})"; });
  const std::string doubling = R"([{"op":"add","path":"/spec/labels","value":{"x":"y"}},)" +
                               items(60, [](size_t) { return R"({"op":"copy","from":"/spec","path":"/spec/labels/x"})"; }) + "]";
  const char* refused = "the server rejected our request due to an error in our request";
  check({
      patch("not a patch document", kOperations, "{}", 400, "BadRequest", "error decoding patch"),
      patch("cut off", kOperations, "[{", 400, "BadRequest", "error decoding patch"),
      patch("unknown operation", kOperations, R"([{"op":"steal","path":"/spec"}])", 422, "Invalid", refused),
      patch("12000 operations", kOperations, "[" + self_copies + "]", 413, "RequestEntityTooLarge", ""),
      patch("doubling copies", kOperations, doubling, 400, "BadRequest", "nesting is deeper than 64 levels"),
      patch("move into its own child", kOperations, R"([{"op":"move","from":"/spec","path":"/spec/labels"}])", 422, "Invalid", ""),
      patch("failing test", kOperations, R"([{"op":"test","path":"/spec/size","value":4}])", 422, "Invalid", refused),
      patch("missing path", kOperations, R"([{"op":"replace","path":"/spec/none/deeper","value":4}])", 422, "Invalid", refused),
      patch("remove everything", kOperations, R"([{"op":"remove","path":""}])", 422, "Invalid", ""),
      {"test as an oracle on a secret",
       {"PATCH", kSecrets + "/s", R"([{"op":"test","path":"/data/password","value":"x"}])", kOperations}, 422, "Invalid", refused},
      patch("null at the root", kMerge, "null", 400, "BadRequest", ""),
      patch("a list at the root", kMerge, "[]", 400, "BadRequest", ""),
      patch("metadata is a list", kMerge, R"({"metadata":[]})", 400, "BadRequest", "metadata"),
      patch("renames", kMerge, R"({"metadata":{"name":"z"}})", 400, "BadRequest", "does not match the name on the URL"),
      patch("another version", kMerge, R"({"metadata":{"resourceVersion":"1"}})", 409, "Conflict", "the object has been modified"),
      patch("another uid", kMerge, R"({"metadata":{"uid":"x"}})", 409, "Conflict", "UID in precondition: x"),
      patch("another kind", kMerge, R"({"kind":"Wodget"})", 422, "Invalid", "must be Widget"),
      patch("unknown field, strictly", kMerge, R"({"spec":{"bogus":1}})", 422, "Invalid",
            R"(strict decoding error: unknown field \"spec.bogus\")", "?fieldValidation=Strict"),
  });
}

TEST_F(BadInput, Apply) {
  const std::string body = encode(shop_widget("a"));
  const std::string keys = encode(shop_widget("a", {{"size", 3}, {"items", {{{"key", "x"}}, {{"key", "x"}}}}}));
  check({
      patch("no manager", kApply, body, 422, "Invalid", "fieldManager: Required value: is required for apply patch"),
      patch("a manager of 10 kB", kApply, body, 422, "Invalid", "fieldManager: Too long", "?fieldManager=" + std::string(10'000, 'm')),
      patch("a manager with a newline", kApply, body, 422, "Invalid", "should only contain printable characters",
            "?fieldManager=a%0Ab"),
      patch("forged managedFields", kApply,
            encode(shop_widget("a", {{"size", 3}}, {{"managedFields", {{{"manager", "x"}, {"operation", "Apply"}}}}})), 400,
            "BadRequest", "metadata.managedFields must be nil", "?fieldManager=m"),
      patch("duplicate list-map key", kApply, keys, 500, "", "failed to create typed patch object", "?fieldManager=m"),
      patch("unknown field", kApply, encode(shop_widget("a", {{"size", 3}, {"bogus", 1}})), 500, "",
            ".spec.bogus: field not declared in schema", "?fieldManager=m"),
      patch("no kind", kApply, "{}", 400, "BadRequest", "invalid object type: /, Kind=", "?fieldManager=m"),
      patch("force without apply", kMerge, "{}", 422, "Invalid", "force: Forbidden: may not be specified for non-apply patch",
            "?force=true"),
      patch("force in words", kApply, body, 400, "BadRequest", "force: Invalid value", "?fieldManager=m&force=maybe"),
      {"status of nothing", {"PATCH", kWidgetsPath + "/none/status?fieldManager=m", encode(shop_widget("none")), kApply}, 404,
       "NotFound", "widgets.shop.dev"},
  });
}

TEST_F(BadInput, Names) {
  const char* rule = "metadata.name: Invalid value";
  std::vector<Row> rows;
  for (const std::string name : {"..", ".", "a/b", "UPPER", "-rf", "dot.", "a..b", "a b", "na\xc3\xafve", "p\xd0\xb0ypal",
                                 "evil\xe2\x80\xaegnp", "a\\nb", "<b>", "$(id)"}) {
    rows.push_back(post("bad name", named(name), 422, "Invalid", rule));
  }
  rows.push_back(post("254 characters", named(std::string(254, 'a')), 422, "Invalid", "must be no more than 253 bytes"));
  rows.push_back(post("empty", named(""), 422, "Invalid", "metadata.name: Required value: name or generateName is required"));
  rows.push_back(post("bad generateName", with_metadata(R"("generateName":"Bad_")"), 422, "Invalid", rule));
  rows.push_back({"bad name applied",
                  {"PATCH", kWidgetsPath + "/Bad_Name?fieldManager=m", named("Bad_Name"), kApply}, 422, "Invalid", rule});
  rows.push_back({"a namespace is a label",
                  {"POST", "/api/v1/namespaces", R"({"metadata":{"name":"a.b"}})"}, 422, "Invalid", "RFC 1123 label"});
  check(rows);
}

TEST_F(BadInput, Metadata_beyond_its_rules) {
  const auto owner = [](size_t i) {
    return R"({"apiVersion":"v1","kind":"X","name":"x","uid":"u)" + std::to_string(i) + "\"}";
  };
  check({
      post("label key with a blank", with_metadata(R"("name":"b","labels":{"bad label":"x"})"), 422, "Invalid",
           R"(metadata.labels: Invalid value: \"bad label\": name part must consist of)"),
      post("label value", with_metadata(R"("name":"b","labels":{"a":"-x-"})"), 422, "Invalid", "a valid label must be an empty string"),
      post("label value of 64", with_metadata("\"name\":\"b\",\"labels\":{\"a\":\"" + std::string(64, 'x') + "\"}"), 422, "Invalid",
           "must be no more than 63 bytes"),
      post("label that is a number", with_metadata(R"("name":"b","labels":{"a":1})"), 422, "Invalid",
           "metadata.labels.a in body must be of type string"),
      post("annotation key", with_metadata(R"("name":"b","annotations":{"a/b/c":"x"})"), 422, "Invalid",
           R"(metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of)"),
      post("100000 labels", with_metadata("\"name\":\"b\",\"labels\":{" + members(100'000, "v") + "}"), 422, "Invalid",
           "metadata.labels: Too many: 100000: must have at most 1000 items"),
      post("annotations above 256 KiB", with_metadata("\"name\":\"b\",\"annotations\":{\"a\":\"" + std::string(262'144, 'x') + "\"}"),
           422, "Invalid", "metadata.annotations: Too long: may not be more than 262144 bytes"),
      post("1000 finalizers",
           with_metadata("\"name\":\"b\",\"finalizers\":[" +
                         items(1'000, [](size_t i) { return "\"shop.dev/f" + std::to_string(i) + "\""; }) + "]"),
           422, "Invalid", "metadata.finalizers: Too many: 1000: must have at most 64 items"),
      post("finalizer with a blank", with_metadata(R"("name":"b","finalizers":["a b"])"), 422, "Invalid", "metadata.finalizers"),
      post("owner without uid", with_metadata(R"("name":"b","ownerReferences":[{"apiVersion":"v1","kind":"X","name":"","uid":""}])"),
           422, "Invalid", R"(metadata.ownerReferences.name: Invalid value: \"\": must not be empty)"),
      post("1000 owners", with_metadata("\"name\":\"b\",\"ownerReferences\":[" + items(1'000, owner) + "]"), 422, "Invalid",
           "metadata.ownerReferences: Too many: 1000"),
      post("another namespace", with_metadata(R"("name":"b","namespace":"other")"), 400, "BadRequest",
           "the namespace of the provided object does not match the namespace sent on the request"),
      post("metadata is text", R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":"x","spec":{"size":1}})", 400, "BadRequest",
           "metadata must be an object"),
      post("no kind", R"({"apiVersion":"shop.dev/v1","metadata":{"name":"b"}})", 400, "BadRequest", "Kind"),
      post("another apiVersion", R"({"apiVersion":"shop.dev/v2","kind":"Widget","metadata":{"name":"b"}})", 400, "BadRequest",
           "the API version in the data (shop.dev/v2) does not match the expected API version (shop.dev/v1)"),
  });
}

TEST_F(BadInput, Versions_limits_tokens_and_selectors) {
  const auto put = [&](const char* version) {
    return encode(shop_widget("a", {{"size", 4}}, {{"resourceVersion", version}}));
  };
  const char* parse = "strconv.ParseUint: parsing";
  check({
      {"update at abc", {"PUT", kA, put("abc")}, 500, "", parse},
      {"update at -1", {"PUT", kA, put("-1")}, 500, "", parse},
      {"update at 2^64", {"PUT", kA, put("18446744073709551616")}, 500, "", parse},
      {"update at a future version", {"PUT", kA, put("999999999")}, 409, "Conflict", "the object has been modified"},
      {"create with a version", {"POST", kWidgetsPath, with_metadata(R"("name":"b","resourceVersion":"5")")}, 500, "",
       "resourceVersion should not be set on objects to be created"},
      get("list at abc", kWidgetsPath + "?resourceVersion=abc", 400, "BadRequest", "invalid resource version"),
      get("list at -1", kWidgetsPath + "?resourceVersion=-1", 400, "BadRequest", "invalid resource version"),
      get("list in the future", kWidgetsPath + "?resourceVersion=999999999", 504, "Timeout", "Too large resource version: 999999999"),
      get("get at abc", kA + "?resourceVersion=abc", 400, "BadRequest", "invalid resource version"),
      get("get with a blank before the number", kA + "?resourceVersion=+5", 400, "BadRequest", "invalid resource version"),
      get("get at 2^64", kA + "?resourceVersion=18446744073709551616", 400, "BadRequest", "value out of range"),
      get("limit -1", kWidgetsPath + "?limit=-1", 400, "BadRequest", "limit: Invalid value"),
      get("forged token", kWidgetsPath + "?continue=Zm9yZ2Vk", 400, "BadRequest", "invalid continue token"),
      get("token from the future", kWidgetsPath + "?continue=" + make_continue_token(999'999'999, {"lab", "a"}), 400, "BadRequest",
          "invalid continue token"),
      get("100 KB selector", kWidgetsPath + "?labelSelector=" + std::string(100'000, 'a'), 400, "BadRequest", ""),
      get("selector with 100000 values", kWidgetsPath + "?labelSelector=a+in+(" + repeat("b,", 30'000) + "c)", 400, "BadRequest", ""),
      get("selector syntax", kWidgetsPath + "?labelSelector=a+in+b", 400, "BadRequest", "unable to parse requirement"),
      get("selector on secret data", kSecrets + "?fieldSelector=data.password%3Dx", 400, "BadRequest", "field label not supported"),
      get("watch with timeoutSeconds in words", kWidgetsPath + "?watch=true&timeoutSeconds=soon", 400, "BadRequest", "timeoutSeconds"),
      {"dryRun in words", {"POST", kWidgetsPath + "?dryRun=Some", named("b")}, 422, "Invalid",
       R"(dryRun: Unsupported value: [\"Some\"]: supported values: \"All\")"},
      {"fieldValidation in words", {"POST", kWidgetsPath + "?fieldValidation=Loose", named("b")}, 422, "Invalid", "fieldValidation"},
      {"delete with another document", {"DELETE", kA, R"({"kind":"Widget"})"}, 400, "BadRequest", "must be DeleteOptions"},
      {"delete with cut JSON", {"DELETE", kA, R"({"kind":)"}, 400, "BadRequest", ""},
  });
}

TEST_F(BadInput, Limits_that_are_large_but_legal_are_no_error) {
  EXPECT_EQ(api_.get(kWidgetsPath + "?limit=2147483648").status, 200);
  const Answer watch = api_.get(kWidgetsPath + "?watch=true&timeoutSeconds=9223372036854775807");
  ASSERT_TRUE(watch.stream);
  EXPECT_GT(watch.stream->wake_after(), Duration(0)) << "nanoseconds of it must not overflow";
  // A token of another namespace shows this one's objects only.
  const Answer foreign = api_.get(kWidgetsPath + "?continue=" + make_continue_token(1 + api_.store().compacted(), {"aaa", "x"}));
  for (const Json& item : foreign.json().value("items", Json::array())) EXPECT_EQ(item["metadata"]["namespace"], "lab");
}

TEST_F(BadInput, Paths_and_methods) {
  check({
      get("dot dot, encoded", "/api/v1/namespaces/%2e%2e/secrets", 400, "BadRequest", "invalid request path"),
      get("slash, encoded", kWidgetsPath + "/..%2fsecrets", 400, "BadRequest", "invalid request path"),
      get("NUL", kWidgetsPath + "/a%00b", 400, "BadRequest", "NUL"),
      get("overlong UTF-8", kWidgetsPath + "/%c0%ae%c0%ae", 400, "BadRequest", "not UTF-8"),
      get("double slash", "/api/v1//secrets", 400, "BadRequest", "empty segment"),
      get("bad escape", kWidgetsPath + "/%g1", 400, "BadRequest", "invalid URL escape"),
      get("unknown resource", "/apis/shop.dev/v1/namespaces/lab/nothings", 404, "", "404 page not found"),
      get("unknown group", "/apis/none.dev/v1/things", 404, "", "404 page not found"),
      get("unknown path", "/nopath", 404, "", "404 page not found"),
      get("unknown object", kWidgetsPath + "/nope", 404, "NotFound", R"(widgets.shop.dev \"nope\" not found)"),
      get("unknown subresource", kA + "/exec", 404, "NotFound", R"(widgets.shop.dev \"a\" not found)"),
      get("cluster resource in a namespace", "/apis/shop.dev/v1/namespaces/lab/racks", 404, "", "404 page not found"),
      get("namespaced object without its namespace", "/apis/shop.dev/v1/widgets/a", 404, "", "404 page not found"),
      {"create without a namespace", {"POST", "/apis/shop.dev/v1/widgets", named("b")}, 404, "", "404 page not found"},
      {"delete across namespaces", {"DELETE", "/apis/shop.dev/v1/widgets"}, 404, "", "404 page not found"},
      {"POST on an object", {"POST", kA, named("a")}, 405, "MethodNotAllowed", "does not allow this method"},
      {"PUT on a collection", {"PUT", kWidgetsPath, named("a")}, 400, "BadRequest", "name must be provided"},
      {"mixed case method", {"Get", kA}, 405, "MethodNotAllowed", "does not allow this method"},
      {"PUT of a missing object", {"PUT", kWidgetsPath + "/zzz", encode(shop_widget("zzz"))}, 404, "NotFound", "zzz"},
      {"PUT of another name", {"PUT", kWidgetsPath + "/zzz", encode(shop_widget("a"))}, 400, "BadRequest",
       "the name of the object (a) does not match the name on the URL (zzz)"},
      {"DELETE of a subresource", {"DELETE", kA + "/status"}, 405, "MethodNotAllowed", "does not allow this method"},
      {"delete of the namespace default", {"DELETE", "/api/v1/namespaces/kube-system"}, 404, "NotFound", "kube-system"},
  });
}

TEST_F(BadInput, Definitions_that_make_no_sense) {
  const auto definition = [](const std::function<void(Json&)>& spoil) {
    Json document = widget_definition();
    document["metadata"]["name"] = "gears.shop.dev";
    document["spec"]["names"] = {{"plural", "gears"}, {"kind", "Gear"}};
    spoil(document);
    return Ask{"POST", kDefinitionsPath, encode(document)};
  };
  const auto schema = [](Json& document) -> Json& {
    return document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["extra"];
  };
  const auto many = [&](Json& d) {
    Json properties = Json::object();
    for (size_t i = 0; i < limits::kSchemaNodesMax + 1; ++i) properties["p" + std::to_string(i)] = {{"type", "string"}};
    schema(d) = {{"type", "object"}, {"properties", std::move(properties)}};
  };
  check({
      {"name is not plural.group", definition([](Json& d) { d["metadata"]["name"] = "other.shop.dev"; }), 422, "Invalid", "metadata.name"},
      {"no versions", definition([](Json& d) { d["spec"]["versions"] = Json::array(); }), 422, "Invalid", "spec.versions"},
      {"two storage versions", definition([](Json& d) {
         d["spec"]["versions"].push_back(d["spec"]["versions"][0]);
         d["spec"]["versions"][1]["name"] = "v2";
       }), 422, "Invalid", "storage"},
      {"no schema", definition([](Json& d) { d["spec"]["versions"][0].erase("schema"); }), 422, "Invalid", "schema"},
      {"$ref", definition([&](Json& d) { schema(d) = {{"$ref", "#/definitions/x"}}; }), 422, "Invalid", "ref"},
      {"no type", definition([&](Json& d) { schema(d) = {{"description", "x"}}; }), 422, "Invalid", "type"},
      {"unknown type", definition([&](Json& d) { schema(d) = {{"type", "blob"}}; }), 422, "Invalid", "type"},
      {"broken pattern", definition([&](Json& d) { schema(d) = {{"type", "string"}, {"pattern", "a("}}; }), 422, "Invalid", "pattern"},
      {"endless pattern", definition([&](Json& d) { schema(d) = {{"type", "string"}, {"pattern", std::string(10'000, 'a')}}; }), 422,
       "Invalid", "pattern"},
      {"default against its own rule", definition([&](Json& d) {
         schema(d) = {{"type", "integer"}, {"maximum", 3}, {"default", 9}};
       }), 422, "Invalid", "default"},
      {"more properties than the limit", definition(many), 422, "Invalid", ""},
      {"scope in words", definition([](Json& d) { d["spec"]["scope"] = "Galaxy"; }), 422, "Invalid", "spec.scope"},
      {"scale path that is none", definition([](Json& d) {
         d["spec"]["versions"][0]["subresources"]["scale"]["specReplicasPath"] = "replicas";
       }), 422, "Invalid", "specReplicasPath"},
      {"column path that is none", definition([](Json& d) {
         d["spec"]["versions"][0]["additionalPrinterColumns"][0]["jsonPath"] = "spec[";
       }), 422, "Invalid", "jsonPath"},
      {"change of scope",
       {"PATCH", kDefinitionsPath + "/racks.shop.dev", R"({"spec":{"scope":"Namespaced"}})", kMerge}, 422, "Invalid",
       "spec.scope: Invalid value: \\\"Namespaced\\\": field is immutable"},
  });
  EXPECT_EQ(api_.get("/apis/shop.dev/v1/namespaces/lab/gears").status, 404);
}

TEST_F(BadInput, Nobody_and_the_wrong_body_get_in) {
  const auto as = [](Ask ask, std::optional<Peer> peer) {
    ask.peer = std::move(peer);
    return ask;
  };
  const Peer dev{"dev", {"developers"}};
  check({
      {"no certificate", as({"GET", kWidgetsPath}, std::nullopt), 401, "Unauthorized", "Unauthorized"},
      {"no certificate, write", as({"POST", kWidgetsPath, named("b")}, std::nullopt), 401, "Unauthorized", "Unauthorized"},
      {"certificate without a name", as({"GET", kWidgetsPath}, Peer{"", {"system:masters"}}), 401, "Unauthorized", "Unauthorized"},
      {"list", as({"GET", kWidgetsPath}, dev), 403, "Forbidden",
       R"(widgets.shop.dev is forbidden: User \"dev\" cannot list resource \"widgets\" in API group \"shop.dev\" in the namespace \"lab\")"},
      {"get", as({"GET", kA}, dev), 403, "Forbidden", R"(widgets.shop.dev \"a\" is forbidden: User \"dev\" cannot get resource)"},
      {"status", as({"PUT", kA + "/status", named("a")}, dev), 403, "Forbidden", R"(cannot update resource \"widgets/status\")"},
      {"cluster scope", as({"GET", "/api/v1/nodes"}, dev), 403, "Forbidden",
       R"(nodes is forbidden: User \"dev\" cannot list resource \"nodes\" in API group \"\" at the cluster scope)"},
      {"metrics", as({"GET", "/metrics"}, dev), 403, "Forbidden", "cannot get path"},
      {"a user named like the group", as({"GET", kA}, Peer{"system:masters", {}}), 403, "Forbidden", "cannot get resource"},
      {"impersonation", as({"GET", kA, "", kJson, {{"impersonate-user", "admin"}, {"impersonate-group", "system:masters"}}}, dev), 403,
       "Forbidden", R"(User \"dev\")"},
  });
  EXPECT_EQ(api_.ask(as({"GET", "/version"}, std::nullopt)).status, 200);
  EXPECT_EQ(api_.ask(as({"GET", "/livez"}, std::nullopt)).status, 200);
}

}  // namespace
}  // namespace charter::test
