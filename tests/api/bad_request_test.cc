#include "controller/api/list_options.h"
#include "controller/api/page_token.h"
#include "controller/base/limits.h"
#include "tests/api/bad_input.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

// Requests that must not be carried out: names, metadata, versions, selectors, paths, definitions,
// callers.
namespace charter::test {
namespace {

TEST_F(BadInput, Names) {
  const char* rule = "metadata.name: Invalid value";
  std::vector<Row> rows;
  for (const std::string name :
       {"..", ".", "a/b", "UPPER", "-rf", "dot.", "a..b", "a b", "na\xc3\xafve", "p\xd0\xb0ypal",
        "evil\xe2\x80\xaegnp", "a\\nb", "<b>", "$(id)"}) {
    rows.push_back(post("bad name", named(name), 422, "Invalid", rule));
  }
  rows.push_back(post("254 characters", named(std::string(254, 'a')), 422, "Invalid",
                      "must be no more than 253 bytes"));
  rows.push_back(post("empty", named(""), 422, "Invalid",
                      "metadata.name: Required value: name or generateName is required"));
  rows.push_back(
      post("bad generateName", with_metadata(R"("generateName":"Bad_")"), 422, "Invalid", rule));
  rows.push_back({"bad name applied",
                  {"PATCH", kWidgetsPath + "/Bad_Name?fieldManager=m", named("Bad_Name"), kApply},
                  422,
                  "Invalid",
                  rule});
  rows.push_back({"a namespace is a label",
                  {"POST", "/api/v1/namespaces", R"({"metadata":{"name":"a.b"}})"},
                  422,
                  "Invalid",
                  "RFC 1123 label"});
  check(rows);
}

TEST_F(BadInput, Labels_and_annotations_beyond_their_rules) {
  check({
      post("label key with a blank", with_metadata(R"("name":"b","labels":{"bad label":"x"})"), 422,
           "Invalid",
           R"(metadata.labels: Invalid value: \"bad label\": name part must consist of)"),
      post("label value", with_metadata(R"("name":"b","labels":{"a":"-x-"})"), 422, "Invalid",
           "a valid label must be an empty string"),
      post("label value of 64",
           with_metadata("\"name\":\"b\",\"labels\":{\"a\":\"" + std::string(64, 'x') + "\"}"), 422,
           "Invalid", "must be no more than 63 bytes"),
      post("label that is a number", with_metadata(R"("name":"b","labels":{"a":1})"), 422,
           "Invalid", "metadata.labels.a in body must be of type string"),
      post("annotation key", with_metadata(R"("name":"b","annotations":{"a/b/c":"x"})"), 422,
           "Invalid",
           R"(metadata.annotations: Invalid value: \"a/b/c\": a valid label key must consist of)"),
      post("100000 labels",
           with_metadata("\"name\":\"b\",\"labels\":{" + members(100'000, "v") + "}"), 422,
           "Invalid", "metadata.labels: Too many: 100000: must have at most 1000 items"),
      post("annotations above 256 KiB",
           with_metadata("\"name\":\"b\",\"annotations\":{\"a\":\"" + std::string(262'144, 'x') +
                         "\"}"),
           422, "Invalid", "metadata.annotations: Too long: may not be more than 262144 bytes"),
      post("100000 annotations",
           with_metadata("\"name\":\"b\",\"annotations\":{" + members(100'000, "v") + "}"), 422,
           "Invalid", "metadata.annotations: Too long"),
      post("U+202E in a label",
           with_metadata("\"name\":\"b\",\"labels\":{\"a\":\"x\xe2\x80\xaey\"}"), 422, "Invalid",
           "metadata.labels"),
  });
}

TEST_F(BadInput, Finalizers_owners_and_the_frame_of_a_body) {
  const auto owner = [](size_t i) {
    return R"({"apiVersion":"v1","kind":"X","name":"x","uid":"u)" + std::to_string(i) + "\"}";
  };
  check({
      post("1000 finalizers",
           with_metadata(
               "\"name\":\"b\",\"finalizers\":[" +
               items(1'000, [](size_t i) { return "\"shop.dev/f" + std::to_string(i) + "\""; }) +
               "]"),
           422, "Invalid", "metadata.finalizers: Too many: 1000: must have at most 64 items"),
      post("finalizer with a blank", with_metadata(R"("name":"b","finalizers":["a b"])"), 422,
           "Invalid", "metadata.finalizers"),
      post(
          "owner without uid",
          with_metadata(
              R"("name":"b","ownerReferences":[{"apiVersion":"v1","kind":"X","name":"","uid":""}])"),
          422, "Invalid",
          R"(metadata.ownerReferences.name: Invalid value: \"\": must not be empty)"),
      // Each member once: the schema of metadata leaves what must be there to this rule.
      post("owner without anything", with_metadata(R"("name":"b","ownerReferences":[{}])"), 422,
           "Invalid",
           "is invalid: [metadata.ownerReferences.apiVersion: Invalid value: \\\"\\\": must not be "
           "empty, metadata.ownerReferences.kind: Invalid value: \\\"\\\": must not be empty, "
           "metadata.ownerReferences.name: Invalid value: \\\"\\\": must not be empty, "
           "metadata.ownerReferences.uid: Invalid value: \\\"\\\": must not be empty"),
      post("1000 owners",
           with_metadata("\"name\":\"b\",\"ownerReferences\":[" + items(1'000, owner) + "]"), 422,
           "Invalid", "metadata.ownerReferences: Too many: 1000"),
      post("another namespace", with_metadata(R"("name":"b","namespace":"other")"), 400,
           "BadRequest",
           "the namespace of the provided object does not match the namespace sent on the request"),
      post("metadata is text",
           R"({"apiVersion":"shop.dev/v1","kind":"Widget","metadata":"x","spec":{"size":1}})", 400,
           "BadRequest", "metadata must be an object"),
      post("no kind", R"({"apiVersion":"shop.dev/v1","metadata":{"name":"b"}})", 400, "BadRequest",
           "Kind"),
      post("another apiVersion",
           R"({"apiVersion":"shop.dev/v2","kind":"Widget","metadata":{"name":"b"}})", 400,
           "BadRequest",
           "the API version in the data (shop.dev/v2) does not match the expected API version "
           "(shop.dev/v1)"),
  });
}

TEST_F(BadInput, Versions_tokens_and_options) {
  const auto put = [&](const char* version) {
    return encode(shop_widget("a", {{"size", 4}}, {{"resourceVersion", version}}));
  };
  const char* parse = "strconv.ParseUint: parsing";
  check({
      {"update at abc", {"PUT", kA, put("abc")}, 500, "", parse},
      {"update at -1", {"PUT", kA, put("-1")}, 500, "", parse},
      {"update at 2^64", {"PUT", kA, put("18446744073709551616")}, 500, "", parse},
      {"update at a future version",
       {"PUT", kA, put("999999999")},
       409,
       "Conflict",
       "the object has been modified"},
      {"create with a version",
       {"POST", kWidgetsPath, with_metadata(R"("name":"b","resourceVersion":"5")")},
       500,
       "",
       "resourceVersion should not be set on objects to be created"},
      get("list at abc", kWidgetsPath + "?resourceVersion=abc", 400, "BadRequest",
          "invalid resource version"),
      get("list at -1", kWidgetsPath + "?resourceVersion=-1", 400, "BadRequest",
          "invalid resource version"),
      get("list in the future", kWidgetsPath + "?resourceVersion=999999999", 504, "Timeout",
          "Too large resource version: 999999999"),
      get("get at abc", kA + "?resourceVersion=abc", 400, "BadRequest", "invalid resource version"),
      get("get with a blank before the number", kA + "?resourceVersion=+5", 400, "BadRequest",
          "invalid resource version"),
      get("get at 2^64", kA + "?resourceVersion=18446744073709551616", 400, "BadRequest",
          "value out of range"),
      get("limit -1", kWidgetsPath + "?limit=-1", 400, "BadRequest", "limit: Invalid value"),
      get("forged token", kWidgetsPath + "?continue=Zm9yZ2Vk", 400, "BadRequest",
          "invalid continue token"),
      get("token from the future",
          kWidgetsPath + "?continue=" + make_continue_token(999'999'999, {"lab", "a"}), 400,
          "BadRequest", "invalid continue token"),
      get("watch with timeoutSeconds in words", kWidgetsPath + "?watch=true&timeoutSeconds=soon",
          400, "BadRequest", "strconv.ParseInt: parsing"),
      {"dryRun in words",
       {"POST", kWidgetsPath + "?dryRun=Some", named("b")},
       422,
       "Invalid",
       R"(dryRun: Unsupported value: [\"Some\"]: supported values: \"All\")"},
      {"fieldValidation in words",
       {"POST", kWidgetsPath + "?fieldValidation=Loose", named("b")},
       422,
       "Invalid",
       "fieldValidation"},
      {"delete with another document",
       {"DELETE", kA, R"({"kind":"Widget"})"},
       400,
       "BadRequest",
       "must be DeleteOptions"},
      {"delete with cut JSON", {"DELETE", kA, R"({"kind":)"}, 400, "BadRequest", ""},
  });
}

TEST_F(BadInput, Selectors) {
  check({
      get("100 KB selector", kWidgetsPath + "?labelSelector=" + std::string(100'000, 'a'), 400,
          "BadRequest", ""),
      get("selector with 100000 values",
          kWidgetsPath + "?labelSelector=a+in+(" + repeat("b,", 100'000) + "c)", 400, "BadRequest",
          ""),
      get("selector syntax", kWidgetsPath + "?labelSelector=a+in+b", 400, "BadRequest",
          "unable to parse requirement"),
      get("selector with 1001 values",
          kWidgetsPath + "?labelSelector=a+in+(" +
              items(1'001, [](size_t i) { return "v" + std::to_string(i); }) + ")",
          400, "BadRequest", "more than 1000"),
      get("101 label requirements", kWidgetsPath + "?labelSelector=a" + repeat(",a", 100), 400,
          "BadRequest", "more than 100 requirements"),
      get("101 field requirements",
          kWidgetsPath + "?fieldSelector=" + repeat("metadata.name!%3Dx,", 101), 400, "BadRequest",
          "more than 100 requirements"),
      get("selector on secret data", kSecrets + "?fieldSelector=data.password%3Dx", 400,
          "BadRequest", "field label not supported"),
  });
}

TEST_F(BadInput, Limits_that_are_large_but_legal_are_no_error) {
  const Answer numbers =
      api_.post(kWidgetsPath, *parse_json(with_spec(R"(,"replicas":9007199254740993,"ratio":-0)")));
  EXPECT_NE(numbers.body.find("\"replicas\":9007199254740993"), std::string::npos)
      << "2^53+1 stays exact";
  EXPECT_NE(numbers.body.find("\"ratio\":0,"), std::string::npos) << numbers.body;
  EXPECT_EQ(api_.get(kWidgetsPath + "?limit=2147483648").status, 200);
  const Answer watch = api_.get(kWidgetsPath + "?watch=true&timeoutSeconds=9223372036854775807");
  ASSERT_TRUE(watch.stream);
  EXPECT_GT(watch.stream->wake_after(), Duration(0)) << "nanoseconds of it must not overflow";
  // A token of another namespace shows this one's objects only.
  const Answer foreign = api_.get(kWidgetsPath + "?continue=" +
                                  make_continue_token(1 + api_.store().compacted(), {"aaa", "x"}));
  for (const Json& item : foreign.json().value("items", Json::array()))
    EXPECT_EQ(item["metadata"]["namespace"], "lab");
}

TEST_F(BadInput, A_finalizer_for_an_object_that_is_being_deleted) {
  ASSERT_EQ(api_.post(kWidgetsPath,
                      shop_widget("held", {{"size", 1}}, {{"finalizers", {"shop.dev/one"}}}))
                .status,
            201);
  ASSERT_EQ(api_.remove(kWidgetsPath + "/held").status, 200);
  check(
      {{"a second one",
        {"PATCH", kWidgetsPath + "/held",
         R"({"metadata":{"finalizers":["shop.dev/one","shop.dev/two"]}})", kMerge},
        422,
        "Invalid",
        R"(no new finalizers can be added if the object is being deleted, found new finalizers []string{\"shop.dev/two\"})"}});
}

TEST_F(BadInput, Paths) {
  check({
      get("dot dot, encoded", "/api/v1/namespaces/%2e%2e/secrets", 400, "BadRequest",
          "invalid request path"),
      get("slash, encoded", kWidgetsPath + "/..%2fsecrets", 400, "BadRequest",
          "invalid request path"),
      get("NUL", kWidgetsPath + "/a%00b", 400, "BadRequest", "NUL"),
      get("overlong UTF-8", kWidgetsPath + "/%c0%ae%c0%ae", 400, "BadRequest", "not UTF-8"),
      get("double slash", "/api/v1//secrets", 400, "BadRequest", "empty segment"),
      get("bad escape", kWidgetsPath + "/%g1", 400, "BadRequest", "invalid URL escape"),
      get("unknown resource", "/apis/shop.dev/v1/namespaces/lab/nothings", 404, "",
          "404 page not found"),
      get("unknown group", "/apis/none.dev/v1/things", 404, "", "404 page not found"),
      get("unknown path", "/nopath", 404, "", "404 page not found"),
      get("unknown object", kWidgetsPath + "/nope", 404, "NotFound",
          R"(widgets.shop.dev \"nope\" not found)"),
      get("unknown subresource", kA + "/exec", 404, "NotFound",
          R"(widgets.shop.dev \"a\" not found)"),
      get("cluster resource in a namespace", "/apis/shop.dev/v1/namespaces/lab/racks", 404, "",
          "404 page not found"),
      get("namespaced object without its namespace", "/apis/shop.dev/v1/widgets/a", 404, "",
          "404 page not found"),
  });
}

TEST_F(BadInput, Methods) {
  check({
      {"create without a namespace",
       {"POST", "/apis/shop.dev/v1/widgets", named("b")},
       404,
       "",
       "404 page not found"},
      {"delete across namespaces",
       {"DELETE", "/apis/shop.dev/v1/widgets"},
       404,
       "",
       "404 page not found"},
      {"POST on an object",
       {"POST", kA, named("a")},
       405,
       "MethodNotAllowed",
       "does not allow this method"},
      {"PUT on a collection",
       {"PUT", kWidgetsPath, named("a")},
       400,
       "BadRequest",
       "name must be provided"},
      {"mixed case method", {"Get", kA}, 405, "MethodNotAllowed", "does not allow this method"},
      {"PUT of a missing object",
       {"PUT", kWidgetsPath + "/zzz", encode(shop_widget("zzz"))},
       404,
       "NotFound",
       "zzz"},
      {"PUT of another name",
       {"PUT", kWidgetsPath + "/zzz", encode(shop_widget("a"))},
       400,
       "BadRequest",
       "the name of the object (a) does not match the name on the URL (zzz)"},
      {"DELETE of a subresource",
       {"DELETE", kA + "/status"},
       405,
       "MethodNotAllowed",
       "does not allow this method"},
      {"delete of the namespace default",
       {"DELETE", "/api/v1/namespaces/kube-system"},
       404,
       "NotFound",
       "kube-system"},
  });
}

/// A definition of gears, spoiled.
Ask definition(const std::function<void(Json&)>& spoil) {
  Json document = widget_definition();
  document["metadata"]["name"] = "gears.shop.dev";
  document["spec"]["names"] = {{"plural", "gears"}, {"kind", "Gear"}};
  spoil(document);
  return Ask{"POST", kDefinitionsPath, encode(document)};
}

TEST_F(BadInput, Definitions_whose_schema_makes_no_sense) {
  const auto schema = [](Json& document) -> Json& {
    return document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
                   ["properties"]["extra"];
  };
  const auto many = [&](Json& d) {
    Json properties = Json::object();
    for (size_t i = 0; i < limits::kSchemaNodesMax + 1; ++i)
      properties["p" + std::to_string(i)] = {{"type", "string"}};
    schema(d) = {{"type", "object"}, {"properties", std::move(properties)}};
  };
  check({
      {"$ref", definition([&](Json& d) {
         schema(d) = {{"$ref", "#/definitions/x"}};
       }),
       422, "Invalid", "ref"},
      {"no type", definition([&](Json& d) {
         schema(d) = {{"description", "x"}};
       }),
       422, "Invalid", "type"},
      {"unknown type", definition([&](Json& d) {
         schema(d) = {{"type", "blob"}};
       }),
       422, "Invalid", "type"},
      {"broken pattern", definition([&](Json& d) {
         schema(d) = {{"type", "string"}, {"pattern", "a("}};
       }),
       422, "Invalid", "pattern"},
      {"endless pattern", definition([&](Json& d) {
         schema(d) = {{"type", "string"}, {"pattern", std::string(10'000, 'a')}};
       }),
       422, "Invalid", "pattern"},
      {"default against its own rule", definition([&](Json& d) {
         schema(d) = {{"type", "integer"}, {"maximum", 3}, {"default", 9}};
       }),
       422, "Invalid", "default"},
      {"more properties than the limit", definition(many), 422, "Invalid", ""},
  });
  EXPECT_EQ(api_.get("/apis/shop.dev/v1/namespaces/lab/gears").status, 404);
}

TEST_F(BadInput, Definitions_that_make_no_sense) {
  check({
      {"name is not plural.group",
       definition([](Json& d) { d["metadata"]["name"] = "other.shop.dev"; }), 422, "Invalid",
       "metadata.name"},
      {"no versions", definition([](Json& d) { d["spec"]["versions"] = Json::array(); }), 422,
       "Invalid", "spec.versions"},
      {"two storage versions", definition([](Json& d) {
         d["spec"]["versions"].push_back(d["spec"]["versions"][0]);
         d["spec"]["versions"][1]["name"] = "v2";
       }),
       422, "Invalid", "storage"},
      {"no schema", definition([](Json& d) { d["spec"]["versions"][0].erase("schema"); }), 422,
       "Invalid", "schema"},
      {"scope in words", definition([](Json& d) { d["spec"]["scope"] = "Galaxy"; }), 422, "Invalid",
       "spec.scope"},
      {"scale path that is none", definition([](Json& d) {
         d["spec"]["versions"][0]["subresources"]["scale"]["specReplicasPath"] = "replicas";
       }),
       422, "Invalid", "specReplicasPath"},
      {"column path that is none", definition([](Json& d) {
         d["spec"]["versions"][0]["additionalPrinterColumns"][0]["jsonPath"] = "spec[";
       }),
       422, "Invalid", "jsonPath"},
      {"change of scope",
       {"PATCH", kDefinitionsPath + "/racks.shop.dev", R"({"spec":{"scope":"Namespaced"}})",
        kMerge},
       422,
       "Invalid",
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
      {"no certificate", as({"GET", kWidgetsPath}, std::nullopt), 403, "Forbidden",
       R"(User \"system:anonymous\" cannot list resource)"},
      {"no certificate, write", as({"POST", kWidgetsPath, named("b")}, std::nullopt), 403,
       "Forbidden", R"(User \"system:anonymous\" cannot create resource)"},
      {"certificate without a name", as({"GET", kWidgetsPath}, Peer{"", {"system:masters"}}), 403,
       "Forbidden", R"(User \"system:anonymous\" cannot list resource)"},
      {"a token that is none",
       as({"GET", kWidgetsPath, "", "", {{"authorization", "Bearer x"}}}, std::nullopt), 401,
       "Unauthorized", "Unauthorized"},
      {"list", as({"GET", kWidgetsPath}, dev), 403, "Forbidden",
       R"(widgets.shop.dev is forbidden: User \"dev\" cannot list resource \"widgets\" in API group \"shop.dev\" in the namespace \"lab\")"},
      {"get", as({"GET", kA}, dev), 403, "Forbidden",
       R"(widgets.shop.dev \"a\" is forbidden: User \"dev\" cannot get resource)"},
      {"status", as({"PUT", kA + "/status", named("a")}, dev), 403, "Forbidden",
       R"(cannot update resource \"widgets/status\")"},
      {"cluster scope", as({"GET", "/api/v1/nodes"}, dev), 403, "Forbidden",
       R"(nodes is forbidden: User \"dev\" cannot list resource \"nodes\" in API group \"\" at the cluster scope)"},
      {"metrics", as({"GET", "/metrics"}, dev), 403, "Forbidden", "cannot get path"},
      {"a user named like the group", as({"GET", kA}, Peer{"system:masters", {}}), 403, "Forbidden",
       "cannot get resource"},
      {"impersonation",
       as({"GET",
           kA,
           "",
           kJson,
           {{"impersonate-user", "admin"}, {"impersonate-group", "system:masters"}}},
          dev),
       403, "Forbidden", R"(User \"dev\")"},
  });
  EXPECT_EQ(api_.ask(as({"GET", "/version"}, std::nullopt)).status, 200);
  EXPECT_EQ(api_.ask(as({"GET", "/livez"}, std::nullopt)).status, 200);
}

}  // namespace
}  // namespace charter::test
