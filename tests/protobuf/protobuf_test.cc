#include "controller/protobuf/protobuf.h"

#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

/// A document as a client or kube-apiserver sends it, and what it says. The bytes have the form of
/// recorded ones; both sides write every field that is no pointer in Go, so the same document is
/// always the same bytes.
struct Exchange {
  const char* document;
  std::string_view bytes;
};

// clang-format off
const Exchange kExchanges[] = {
    {R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"},"spec":{},"status":{}})",
     "k8s\x00\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12\x1c\x0a\x14\x0a\x04shop\x12\x00\x1a\x00\"\x00*\x00""2\x00""8\x00""B\x00\x12\x00\x1a\x02\x0a\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"sa1","namespace":"shop"}})",
     "k8s\x00\x0a\x14\x0a\x02v1\x12\x0eServiceAccount\x12\x19\x0a\x17\x0a\x03sa1\x12\x00\x1a\x04shop\"\x00*\x00""2\x00""8\x00""B\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","data":{"a":"b"},"kind":"ConfigMap","metadata":{"name":"cm1","namespace":"shop"}})",
     "k8s\x00\x0a\x0f\x0a\x02v1\x12\x09""ConfigMap\x12!\x0a\x17\x0a\x03""cm1\x12\x00\x1a\x04shop\"\x00*\x00""2\x00""8\x00""B\x00\x12\x06\x0a\x01""a\x12\x01""b\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","data":{"a":"Yg=="},"kind":"Secret","metadata":{"name":"s1","namespace":"shop"}})",
     "k8s\x00\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\"\x0a\x16\x0a\x02s1\x12\x00\x1a\x04shop\"\x00*\x00""2\x00""8\x00""B\x00\x12\x06\x0a\x01""a\x12\x01""b\x1a\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","metadata":{},"spec":{},"status":{}})",
     "k8s\x00\x0a(\x0a\x18""authentication.k8s.io/v1\x12\x0cTokenRequest\x12\x1a\x0a\x10\x0a\x00\x12\x00\x1a\x00\"\x00*\x00""2\x00""8\x00""B\x00\x12\x00\x1a\x04\x0a\x00\x12\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview","metadata":{},"status":{"userInfo":{}}})",
     "k8s\x00\x0a-\x0a\x18""authentication.k8s.io/v1\x12\x11SelfSubjectReview\x12\x1a\x0a\x10\x0a\x00\x12\x00\x1a\x00\"\x00*\x00""2\x00""8\x00""B\x00\x12\x06\x0a\x04\x0a\x00\x12\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectAccessReview","metadata":{},"spec":{"resourceAttributes":{"group":"shop.dev","namespace":"shop","resource":"widgets","verb":"create"}},"status":{}})",
     "k8s\x00\x0a""2\x0a\x17""authorization.k8s.io/v1\x12\x17SelfSubjectAccessReview\x12G\x0a\x10\x0a\x00\x12\x00\x1a\x00\"\x00*\x00""2\x00""8\x00""B\x00\x12)\x0a'\x0a\x04shop\x12\x06""create\x1a\x08shop.dev\"\x00*\x07widgets2\x00:\x00\x1a\x08\x08\x00\x12\x00\x1a\x00 \x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"authorization.k8s.io/v1","kind":"SelfSubjectRulesReview","metadata":{},"spec":{"namespace":"shop"},"status":{}})",
     "k8s\x00\x0a""1\x0a\x17""authorization.k8s.io/v1\x12\x16SelfSubjectRulesReview\x12 \x0a\x10\x0a\x00\x12\x00\x1a\x00\"\x00*\x00""2\x00""8\x00""B\x00\x12\x06\x0a\x04shop\x1a\x04\x18\x00\"\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r1","namespace":"shop"},"rules":[{"apiGroups":["shop.dev"],"resources":["widgets"],"verbs":["get","list"]}]})",
     "k8s\x00\x0a$\x0a\x1crbac.authorization.k8s.io/v1\x12\x04Role\x12""8\x0a\x16\x0a\x02r1\x12\x00\x1a\x04shop\"\x00*\x00""2\x00""8\x00""B\x00\x12\x1e\x0a\x03get\x0a\x04list\x12\x08shop.dev\x1a\x07widgets\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"rb1","namespace":"shop"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r1"},"subjects":[{"kind":"ServiceAccount","name":"sa1","namespace":"shop"}]})",
     "k8s\x00\x0a+\x0a\x1crbac.authorization.k8s.io/v1\x12\x0bRoleBinding\x12_\x0a\x17\x0a\x03rb1\x12\x00\x1a\x04shop\"\x00*\x00""2\x00""8\x00""B\x00\x12\x1d\x0a\x0eServiceAccount\x12\x00\x1a\x03sa1\"\x04shop\x1a%\x0a\x19rbac.authorization.k8s.io\x12\x04Role\x1a\x02r1\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","kind":"DeleteOptions"})",
     "k8s\x00\x0a\x13\x0a\x02v1\x12\x0d""DeleteOptions\x12\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","details":{"kind":"secrets","name":"sh.helm.release.v1.web.v1","uid":"636f4256-e5ae-4c2c-b757-b2865c29d98a"},"kind":"Status","metadata":{},"status":"Success"})",
     "k8s\x00\x0a\x0c\x0a\x02v1\x12\x06Status\x12g\x0a\x06\x0a\x00\x12\x00\x1a\x00\x12\x07Success\x1a\x00\"\x00*N\x0a\x19sh.helm.release.v1.web.v1\x12\x00\x1a\x07secrets(\x00""2$636f4256-e5ae-4c2c-b757-b2865c29d98a0\x00\x1a\x00\"\x00"sv},
    {R"({"apiVersion":"v1","kind":"EventList","metadata":{"resourceVersion":"228"}})",
     "k8s\x00\x0a\x0f\x0a\x02v1\x12\x09""EventList\x12\x0b\x0a\x09\x0a\x00\x12\x03""228\x1a\x00\x1a\x00\"\x00"sv},
};
// clang-format on

/// A body of one message: the envelope of `kind` around `raw`.
std::string wrapped(std::string_view kind, std::string_view raw) {
  const auto field = [](char tag, std::string_view bytes) {
    return std::string(1, tag) + static_cast<char>(bytes.size()) + std::string(bytes);
  };
  return "k8s" + std::string(1, '\0') + field('\x0a', field('\x0a', "v1") + field('\x12', kind)) +
         field('\x12', raw);
}

Json decoded(std::string_view bytes) {
  const auto document = decode_protobuf(bytes, "Thing");
  EXPECT_TRUE(document.has_value()) << document.error().message;
  return document ? *document : Json();
}

std::string encoded(const Json& document) {
  const auto bytes = encode_protobuf(document);
  EXPECT_TRUE(bytes.has_value()) << bytes.error().message;
  return bytes ? *bytes : std::string();
}

std::string refused(std::string_view bytes) {
  const auto document = decode_protobuf(bytes, "Secret");
  EXPECT_FALSE(document.has_value());
  if (document) return {};
  EXPECT_EQ(document.error().code, Code::BadRequest);
  return document.error().message;
}

TEST(Protobuf, Reads_what_clients_and_servers_send) {
  for (const Exchange& exchange : kExchanges)
    EXPECT_EQ(encode(decoded(exchange.bytes)), exchange.document);
}

TEST(Protobuf, Writes_the_same_bytes) {
  for (const Exchange& exchange : kExchanges) {
    EXPECT_EQ(encoded(*parse_json(exchange.document)), exchange.bytes) << exchange.document;
  }
}

TEST(Protobuf, Each_form_of_a_value_survives_both_ways) {
  for (
      const char* text : {
          R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"creationTimestamp":"2026-06-01T12:00:01Z","name":"leader","namespace":"shop"},"spec":{"acquireTime":"2026-06-01T12:00:00.123456Z","holderIdentity":"","leaseDurationSeconds":15,"leaseTransitions":0,"renewTime":"2026-06-01T12:00:02.000001Z"}})",
          R"({"apiVersion":"v1","count":3,"eventTime":"2026-06-01T12:00:00.500000Z","firstTimestamp":"2026-06-01T12:00:00Z","involvedObject":{"apiVersion":"shop.dev/v1","kind":"Widget","name":"w"},"kind":"Event","lastTimestamp":"1969-12-31T23:59:59Z","message":"m","metadata":{"name":"e"},"reportingComponent":"c","series":{"count":2,"lastObservedTime":"1969-12-31T23:59:59.250000Z"},"source":{"component":"c"},"type":"Normal"})",
          R"({"apiVersion":"v1","binaryData":{"x":"AP8="},"immutable":false,"kind":"ConfigMap","metadata":{"annotations":{"k":""},"deletionGracePeriodSeconds":0,"deletionTimestamp":"2026-06-01T12:00:00Z","finalizers":["a/b","c/d"],"generation":7,"labels":{"a":"1","b":"2"},"managedFields":[{"apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:a":{}}},"manager":"m","operation":"Update","subresource":"status","time":"2026-06-01T12:00:00Z"}],"name":"c","ownerReferences":[{"apiVersion":"v1","blockOwnerDeletion":true,"controller":false,"kind":"Secret","name":"o","uid":"u"}],"resourceVersion":"12","uid":"u2"}})",
          R"({"apiVersion":"v1","data":{"empty":"","k":"AAECAw=="},"immutable":true,"kind":"Secret","metadata":{"name":"s"},"stringData":{"t":"\u00e9"},"type":"Opaque"})",
          R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","metadata":{},"spec":{"token":"t"},"status":{"authenticated":true,"user":{"extra":{"k":["a","b"]},"groups":["g"],"username":"u"}}})",
          R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","metadata":{},"spec":{"extra":{"k":["a"]},"nonResourceAttributes":{"path":"/x","verb":"get"},"user":"u"},"status":{"denied":true}})",
          R"({"apiVersion":"rbac.authorization.k8s.io/v1","aggregationRule":{"clusterRoleSelectors":[{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}],"matchLabels":{"a":"b"}}]},"kind":"ClusterRole","metadata":{"name":"c"}})",
          R"({"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"w"},"spec":{"replicas":3},"status":{"replicas":2,"selector":"a=b"}})",
          R"({"apiVersion":"v1","code":409,"details":{"causes":[{"field":"f","message":"m","reason":"r"}],"retryAfterSeconds":1},"kind":"Status","message":"no","metadata":{"continue":"t","remainingItemCount":0},"reason":"Conflict","status":"Failure"})",
          R"({"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"name":"n"}})",
          R"({"apiVersion":"v1","dryRun":["All"],"gracePeriodSeconds":0,"kind":"DeleteOptions","orphanDependents":false,"preconditions":{"resourceVersion":"5","uid":"u"},"propagationPolicy":"Foreground"})",
      }) {
    EXPECT_EQ(decoded(encoded(*parse_json(text))), *parse_json(text));
  }
}

TEST(Protobuf, Null_is_absent_and_unknown_members_are_left_out) {
  const Json document = {{"apiVersion", "v1"},
                         {"kind", "Event"},
                         {"metadata", {{"name", "e"}, {"creationTimestamp", nullptr}}},
                         {"firstTimestamp", nullptr},
                         {"elsewhere", {{"a", 1}}}};
  const Json back = decoded(encoded(document));
  EXPECT_FALSE(back.contains("firstTimestamp"));
  EXPECT_FALSE(back.contains("elsewhere"));
  EXPECT_EQ(back["metadata"], Json({{"name", "e"}}));
}

TEST(Protobuf, Fields_that_a_message_does_not_know_are_ignored) {
  // A field 99 of each wire type behind the metadata of a Namespace.
  const Json document = decoded(wrapped("Namespace",
                                        "\x0a\x03\x0a\x01n\x98\x06\x05\x9a\x06\x02hi\x99\x06"
                                        "12345678\x9d\x06"
                                        "1234"sv));
  EXPECT_EQ(document,
            *parse_json(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"},"spec":{},"status":{}})"));
}

TEST(Protobuf, Refuses_what_is_no_document_in_the_words_of_the_original) {
  const std::string head = "the object provided is unrecognized (must be of type Secret): ";
  EXPECT_EQ(refused(""), head + "empty data (<empty>)");
  EXPECT_EQ(refused("k8s\x00"sv), head + "empty body (6b387300)");
  EXPECT_EQ(
      refused("{\"kind\":\"Secret\",\"apiVersion\":\"v1\"}"),
      head +
          "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] "
          "({\"kind\":\"Secret\",\"apiVersion\": ...)");
  EXPECT_EQ(refused("k8s\x00\x0a\x7f"sv), head + "unexpected EOF (6b3873000a7f)");
  EXPECT_EQ(refused(wrapped("", "")),
            head + "Object 'Kind' is missing (6b3873000a060a02763112001200)");
  EXPECT_EQ(refused(wrapped("Chair", "")),
            "Chair in version \"v1\" cannot be handled as a Secret: no kind \"Chair\" is "
            "registered for version \"v1\"");
  EXPECT_EQ(refused(wrapped("ObjectReference", "")),
            "ObjectReference in version \"v1\" cannot be handled as a Secret: no kind "
            "\"ObjectReference\" is registered for version \"v1\"");
}

TEST(Protobuf, Refuses_malformed_messages) {
  const std::string head = "Secret in version \"v1\" cannot be handled as a Secret: ";
  EXPECT_EQ(refused(wrapped("Secret", "\x0a\x05\x0a"sv)), head + "unexpected EOF");
  EXPECT_EQ(refused(wrapped("Secret", "\x0a"sv)), head + "unexpected EOF");
  EXPECT_EQ(refused(wrapped("Secret", "\x08\x01"sv)),
            head + "proto: wrong wireType = 0 for field Metadata");
  EXPECT_EQ(refused(wrapped("Secret", "\x02\x00"sv)),
            head + "proto: Secret: illegal tag 0 (wire type 2)");
  EXPECT_EQ(refused(wrapped("Secret", "\x9b\x06"sv)), head + "proto: illegal wireType 3");
  EXPECT_EQ(refused(wrapped("Secret", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv)),
            head + "proto: integer overflow");
  EXPECT_EQ(refused(wrapped("Secret", "\x1a\x02\xff\xfe"sv)),
            head + "field type contains invalid UTF-8");
  // Seconds of a year that no clock here can hold, as creationTimestamp.
  EXPECT_EQ(refused(wrapped("Secret",
                            "\x0a\x0c"
                            "B\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"sv)),
            head + "time is out of range");
}

TEST(Protobuf, Tiny_fields_can_not_fill_the_memory) {
  // Two bytes a managedFields entry: a 3 MiB body would be 1.5 million of them.
  std::string metadata;
  for (size_t i = 0; i <= limits::kDocumentNodesMax; ++i)
    metadata += "\x8a\x01\x00"sv;
  const auto varint = [](size_t n) {
    std::string out;
    for (; n > 0x7f; n >>= 7U)
      out += static_cast<char>((n & 0x7fU) | 0x80U);
    return out + static_cast<char>(n);
  };
  const std::string raw = "\x0a" + varint(metadata.size()) + metadata;
  const std::string bytes =
      "k8s\x00\x0a\x0f\x0a\x02v1\x12\x09Namespace\x12"s + varint(raw.size()) + raw;
  EXPECT_NE(refused(bytes).find("more than 250000 fields"), std::string::npos);
}

TEST(Protobuf, Says_which_kinds_have_a_message) {
  EXPECT_TRUE(has_protobuf("v1", "Secret"));
  EXPECT_TRUE(has_protobuf("v1", "SecretList"));
  EXPECT_TRUE(has_protobuf("coordination.k8s.io/v1", "Lease"));
  EXPECT_TRUE(has_protobuf("rbac.authorization.k8s.io/v1", "DeleteOptions"));
  EXPECT_FALSE(has_protobuf("shop.dev/v1", "Secret"));
  EXPECT_FALSE(has_protobuf("v1", "Lease"));
  EXPECT_FALSE(has_protobuf("v1", "ObjectReference"));
  EXPECT_FALSE(has_protobuf("meta.k8s.io/v1", "Table"));
  const auto table = encode_protobuf({{"apiVersion", "meta.k8s.io/v1"}, {"kind", "Table"}});
  ASSERT_FALSE(table.has_value());
  EXPECT_EQ(table.error().code, Code::NotAcceptable);
}

TEST(Protobuf, What_does_not_fit_its_message_is_named) {
  const auto bytes =
      encode_protobuf({{"apiVersion", "v1"}, {"kind", "Event"}, {"count", 1LL << 40U}});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().code, Code::InternalError);
  EXPECT_NE(bytes.error().message.find("Event.count"), std::string::npos) << bytes.error().message;
}

TEST(Protobuf, A_list_is_the_same_whether_built_at_once_or_item_by_item) {
  const Json metadata = {{"resourceVersion", "9"}, {"continue", ""}};
  const Json items = {{{"metadata", {{"name", "a"}}}, {"data", {{"k", "YQ=="}}}},
                      {{"metadata", {{"name", "b"}}}}};
  auto list = ProtobufList::begin("v1", "SecretList", metadata);
  ASSERT_TRUE(list.has_value());
  for (const Json& item : items)
    ASSERT_TRUE(list->add(item).has_value());
  const std::string whole = encoded(
      {{"apiVersion", "v1"}, {"kind", "SecretList"}, {"metadata", metadata}, {"items", items}});
  EXPECT_EQ(list->finish(), whole);
  EXPECT_EQ(decoded(whole)["items"], items);
  EXPECT_FALSE(ProtobufList::begin("shop.dev/v1", "WidgetList", metadata).has_value());
}

TEST(Protobuf, A_frame_of_a_watch_has_its_length_before_it) {
  const Json bookmark = {{"apiVersion", "v1"},
                         {"kind", "ConfigMap"},
                         {"metadata",
                          {{"resourceVersion", "218"},
                           {"creationTimestamp", nullptr},
                           {"annotations", {{"k8s.io/initial-events-end", "true"}}}}}};
  const auto frame = protobuf_watch_frame("BOOKMARK", bookmark);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(*frame,
            "\x00\x00\x00"
            "a\x0a\x08"
            "BOOKMARK\x12U\x0aSk8s\x00\x0a\x0f\x0a\x02v1\x12\x09"
            "ConfigMap\x12"
            "8\x0a"
            "6\x0a\x00\x12\x00\x1a\x00\"\x00*\x00"
            "2\x03"
            "218"
            "8\x00"
            "B\x00"
            "b!\x0a\x19k8s.io/initial-events-end\x12\x04true\x1a\x00\"\x00"sv);
}

}  // namespace
}  // namespace charter
