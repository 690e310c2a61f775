#include "controller/api/answer_syntax.h"

#include "controller/protobuf/protobuf.h"
#include "tests/support/served_api.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::test {
namespace {

constexpr const char* kProtobuf = "application/vnd.kubernetes.protobuf";
constexpr const char* kTyped =
    "application/vnd.kubernetes.protobuf,application/json";  // what typed clients ask for
constexpr const char* kMetadata =
    "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,"
    "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
constexpr const char* kMetadataList =
    "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const std::string kSecretsPath = "/api/v1/namespaces/lab/secrets";
const std::string kConfigMapsPath = "/api/v1/namespaces/lab/configmaps";

/// Typed clients against the whole API.
class AnswerSyntax : public testing::Test {
 protected:
  Answer ask(const std::string& method, const std::string& target, const std::string& accept,
             const Json& body = Json()) {
    Ask what{method, target};
    what.headers = {{"accept", accept}};
    if (!body.is_null()) {
      const auto bytes = encode_protobuf(body);
      EXPECT_TRUE(bytes.has_value());
      what.body = *bytes;
      what.content_type = kProtobuf;
    }
    return api_.ask(std::move(what));
  }

  /// The document in a protobuf answer; the test fails for any other.
  static Json document(const Answer& answer) {
    EXPECT_EQ(answer.header("Content-Type"), kProtobuf);
    const auto found = decode_protobuf(answer.body, "Answer");
    EXPECT_TRUE(found.has_value()) << answer.body;
    return found ? *found : Json();
  }

  static Json secret(const std::string& name) {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", name}}},
            {"data", {{"k", "AP8="}}}};
  }

  /// Type and object of each frame that a watch has ready.
  static std::vector<std::pair<std::string, Json>> frames(BodyStream& stream) {
    std::vector<Bytes> pieces;
    while (stream.next(1024, pieces) == BodyStream::State::More) {
    }
    std::string text = joined(pieces);
    std::vector<std::pair<std::string, Json>> out;
    while (text.size() >= 4) {
      size_t size = 0;
      for (size_t i = 0; i < 4; ++i)
        size = size << 8U | static_cast<unsigned char>(text[i]);
      const std::string frame = text.substr(4, size);
      EXPECT_EQ(frame.size(), size);
      const auto object =
          decode_protobuf(frame.substr(frame.find(std::string("k8s\0", 4))), "Event");
      EXPECT_TRUE(object.has_value());
      out.emplace_back(frame.substr(2, static_cast<size_t>(frame[1])), object ? *object : Json());
      text.erase(0, 4 + size);
    }
    EXPECT_TRUE(text.empty());
    return out;
  }

  ServedApi api_;
};

TEST_F(AnswerSyntax, A_built_in_kind_is_written_and_read_as_protobuf) {
  const Answer made = ask("POST", kSecretsPath, kTyped, secret("a"));
  ASSERT_EQ(made.status, 201) << made.body;
  const Json created = document(made);
  EXPECT_EQ(created["data"]["k"], "AP8=");
  EXPECT_EQ(created["type"], "Opaque");
  EXPECT_EQ(api_.get(kSecretsPath + "/a").json()["data"]["k"], "AP8=") << "the same object in JSON";
  Json changed = created;
  changed["data"] = {{"k2", "AA=="}};
  const Answer put = ask("PUT", kSecretsPath + "/a", kTyped, changed);
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(document(put)["data"], Json({{"k2", "AA=="}}));
  EXPECT_EQ(document(ask("GET", kSecretsPath + "/a", kTyped)), document(put));
}

TEST_F(AnswerSyntax, A_list_has_its_metadata_and_all_items) {
  for (const char* name : {"a", "b", "c"})
    ASSERT_EQ(ask("POST", kSecretsPath, kTyped, secret(name)).status, 201);
  const Json list = document(ask("GET", kSecretsPath + "?limit=2", kTyped));
  EXPECT_EQ(list["kind"], "SecretList");
  ASSERT_EQ(list["items"].size(), 2u);
  EXPECT_EQ(list["items"][1]["metadata"]["name"], "b");
  EXPECT_FALSE(text_at(list, {"metadata", "continue"}).empty());
  EXPECT_EQ(list["metadata"]["remainingItemCount"], 1);
  EXPECT_EQ(document(ask("GET", kConfigMapsPath, kTyped))["metadata"].count("continue"), 0u);
}

TEST_F(AnswerSyntax, Deleting_takes_options_and_answers_with_a_status) {
  ASSERT_EQ(ask("POST", kSecretsPath, kTyped, secret("a")).status, 201);
  const Json wrong = {
      {"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", {{"uid", "other"}}}};
  const Answer refused = ask("DELETE", kSecretsPath + "/a", kTyped, wrong);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(document(refused)["reason"], "Conflict");
  const Json dry = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"dryRun", {"All"}}};
  EXPECT_EQ(ask("DELETE", kSecretsPath + "/a", kTyped, dry).status, 200);
  const Answer gone =
      ask("DELETE", kSecretsPath + "/a", kTyped, {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}});
  EXPECT_EQ(document(gone)["status"], "Success");
  EXPECT_EQ(document(gone)["details"]["name"], "a");
  EXPECT_EQ(ask("GET", kSecretsPath + "/a", kTyped).status, 404);
}

TEST_F(AnswerSyntax, Failures_come_in_the_syntax_of_the_client) {
  const Answer missing = ask("GET", kSecretsPath + "/none", kTyped);
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(document(missing)["message"], "secrets \"none\" not found");
  EXPECT_EQ(document(ask("GET", kWidgetsPath + "/none", kTyped))["code"], 404)
      << "for a custom resource too";
  EXPECT_EQ(document(ask("GET", kWidgetsPath, kProtobuf))["reason"], "NotAcceptable");
  // The transformation is for objects: kubectl and metadata clients read a Status as JSON.
  EXPECT_EQ(ask("GET", kWidgetsPath + "/none", kMetadata).reason(), "NotFound");
  EXPECT_EQ(ask("GET", kSecretsPath + "/none", "application/yaml").header("Content-Type"),
            "application/yaml");
  EXPECT_EQ(ask("GET", "/nowhere", kTyped).body, "404 page not found\n");
}

TEST_F(AnswerSyntax, A_custom_resource_is_never_protobuf) {
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
  EXPECT_EQ(ask("GET", kWidgetsPath + "/a", kTyped).json()["kind"], "Widget");
  EXPECT_EQ(ask("GET", kWidgetsPath, kTyped).json()["kind"], "WidgetList");
  Ask body{"POST", kWidgetsPath};
  body.body = *encode_protobuf(secret("b"));
  body.content_type = kProtobuf;
  const Answer refused = api_.ask(body);
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(refused.message(),
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json, application/yaml");
  const Json options = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  EXPECT_EQ(ask("DELETE", kWidgetsPath + "/a", kTyped, options).json()["status"], "Success")
      << "but its options may be";
}

TEST_F(AnswerSyntax, Metadata_of_any_kind_is_available) {
  ASSERT_EQ(
      api_.post(kWidgetsPath, shop_widget("a", {{"size", 1}}, {{"labels", {{"k", "v"}}}})).status,
      201);
  const Json one = document(ask("GET", kWidgetsPath + "/a", kMetadata));
  EXPECT_EQ(one["kind"], "PartialObjectMetadata");
  EXPECT_EQ(one["metadata"], api_.get(kWidgetsPath + "/a").json()["metadata"]);
  const Json list = document(ask("GET", kWidgetsPath, kMetadataList));
  EXPECT_EQ(list["kind"], "PartialObjectMetadataList");
  EXPECT_EQ(list["items"][0]["metadata"]["labels"], Json({{"k", "v"}}));
  // Cells of a Table are of any type: there is no message for them.
  EXPECT_EQ(
      ask("GET", kWidgetsPath, "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1")
          .status,
      406);
}

TEST_F(AnswerSyntax, A_watch_sends_frames) {
  ASSERT_EQ(ask("POST", kSecretsPath, kTyped, secret("a")).status, 201);
  const std::string query =
      "?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch="
      "NotOlderThan";
  Answer answer = ask("GET", kSecretsPath + query, kTyped);
  EXPECT_EQ(answer.header("Content-Type"), "application/vnd.kubernetes.protobuf;stream=watch");
  ASSERT_TRUE(answer.stream);
  answer.stream->on_ready([] {});
  auto seen = frames(*answer.stream);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].first, "ADDED");
  EXPECT_EQ(seen[0].second, document(ask("GET", kSecretsPath + "/a", kTyped)));
  EXPECT_EQ(seen[1].first, "BOOKMARK");
  EXPECT_EQ(seen[1].second["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
  api_.remove(kSecretsPath + "/a");
  seen = frames(*answer.stream);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].first, "DELETED");
}

TEST_F(AnswerSyntax, A_metadata_watch_of_a_custom_resource_sends_frames) {
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a")).status, 201);
  Answer answer = ask("GET", kWidgetsPath + "?watch=true", kMetadata);
  EXPECT_EQ(answer.header("Content-Type"), "application/vnd.kubernetes.protobuf;stream=watch");
  ASSERT_TRUE(answer.stream);
  answer.stream->on_ready([] {});
  const auto seen = frames(*answer.stream);
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].second["kind"], "PartialObjectMetadata");
  EXPECT_EQ(seen[0].second["metadata"]["name"], "a");
  EXPECT_EQ(ask("GET", kWidgetsPath + "?watch=true", kTyped).header("Content-Type"),
            "application/json");
}

TEST_F(AnswerSyntax, A_malformed_body_is_the_clients_fault) {
  Ask what{"POST", kSecretsPath};
  what.content_type = kProtobuf;
  what.body = std::string("k8s\0\n\x7f", 6);
  Answer answer = api_.ask(what);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.message(),
            "the object provided is unrecognized (must be of type Secret): unexpected EOF "
            "(6b3873000a7f)");
  what.body = *encode_protobuf(
      {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", "a"}}}});
  EXPECT_EQ(api_.ask(what).status, 400) << "another kind than the path's";
}

TEST_F(AnswerSyntax, The_scale_of_a_custom_resource_has_a_message) {
  ASSERT_EQ(api_.post(kWidgetsPath, shop_widget("a", {{"size", 1}, {"replicas", 2}})).status, 201);
  Json scale = document(ask("GET", kWidgetsPath + "/a/scale", kTyped));
  EXPECT_EQ(scale["kind"], "Scale");
  scale["spec"]["replicas"] = 3;
  const Answer put = ask("PUT", kWidgetsPath + "/a/scale", kTyped, scale);
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(document(put)["spec"]["replicas"], 3);
}

}  // namespace
}  // namespace charter::test
