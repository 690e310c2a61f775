#include "controller/protobuf/messages.h"

#include "controller/protobuf/protobuf.h"
#include "controller/protobuf/special_forms.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>

namespace charter {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;

/// What the conversion relies on, in one message and those below it; `path` are the messages around
/// it.
void check_message(const Descriptor& type, std::set<const Descriptor*> path) {
  // The conversion recurses by message: one that contained itself would let a body choose the
  // depth.
  ASSERT_TRUE(path.insert(&type).second) << type.full_name() << " contains itself";
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    switch (field.type()) {
      case FieldDescriptor::TYPE_MESSAGE:
        check_message(*field.message_type(), path);
        break;
      case FieldDescriptor::TYPE_BOOL:
      case FieldDescriptor::TYPE_INT32:
      case FieldDescriptor::TYPE_INT64:
        EXPECT_FALSE(field.is_repeated()) << field.full_name();
        break;
      case FieldDescriptor::TYPE_STRING:
      case FieldDescriptor::TYPE_BYTES:
        break;
      default:
        ADD_FAILURE() << field.full_name() << " has a type that the conversion does not know";
    }
  }
}

TEST(Messages, Hold_only_what_the_conversion_knows) {
  const struct {
    const char* api_version;
    const char* kind;
  } kinds[] = {{"v1", "Secret"},
               {"authentication.k8s.io/v1", "TokenReview"},
               {"authorization.k8s.io/v1", "SubjectAccessReview"},
               {"autoscaling/v1", "Scale"},
               {"coordination.k8s.io/v1", "Lease"},
               {"meta.k8s.io/v1", "PartialObjectMetadata"},
               {"rbac.authorization.k8s.io/v1", "Role"}};
  for (const auto& kind : kinds) {
    const Descriptor* found = find_message(kind.api_version, kind.kind);
    ASSERT_NE(found, nullptr) << kind.kind;
    for (int i = 0; i < found->file()->message_type_count(); ++i)
      check_message(*found->file()->message_type(i), {});
  }
}

TEST(Messages, The_openapi_document_keeps_what_clients_look_for) {
  const Json schema = {
      {"type", "object"},
      {"required", {"size"}},
      {"properties",
       {{"size",
         {{"type", "integer"},
          {"format", "int32"},
          {"minimum", 1},
          {"maximum", 9},
          {"default", 3}}},
        {"tags", {{"type", "array"}, {"items", {{"type", "string"}, {"enum", {"a", "b"}}}}}},
        {"more", {{"type", "object"}, {"additionalProperties", {{"$ref", "#/definitions/x"}}}}}}},
      {"x-kubernetes-group-version-kind",
       {{{"group", "shop.dev"}, {"kind", "Widget"}, {"version", "v1"}}}}};
  const Json operation = {
      {"parameters", {{{"name", "dryRun"}, {"in", "query"}, {"type", "string"}}}},
      {"responses", {{"200", {{"description", "OK"}, {"schema", {{"$ref", "#/definitions/x"}}}}}}},
      {"x-kubernetes-action", "patch"}};
  const std::string bytes = encode_openapi_v2({{"swagger", "2.0"},
                                               {"info", {{"title", "T"}, {"version", "v1"}}},
                                               {"paths", {{"/x/{name}", {{"patch", operation}}}}},
                                               {"definitions", {{"dev.shop.v1.Widget", schema}}}});
  const Descriptor* type =
      DescriptorPool::generated_pool()->FindMessageTypeByName("charter.wire.openapi.v2.Document");
  ASSERT_NE(type, nullptr);
  const auto document = new_message(*type);
  ASSERT_TRUE(document->ParseFromString(bytes));
  const std::string text = document->ShortDebugString();
  for (const char* part :
       {"swagger: \"2.0\"",
        "path { name: \"/x/{name}\" value { patch { parameters { parameter { non_body_parameter { "
        "query_parameter_sub_schema",
        "name: \"dryRun\"",
        "vendor_extension { name: \"x-kubernetes-action\" value { yaml: \"\\\"patch\\\"\\n\" } }",
        "additional_properties { name: \"dev.shop.v1.Widget\" value { required: \"size\" type { "
        "value: \"object\" }",
        "name: \"size\" value { format: \"int32\" default { yaml: \"3\\n\" } maximum: 9 minimum: 1 "
        "type { value: \"integer\" }",
        "items { schema { enum { yaml: \"\\\"a\\\"\\n\" }",
        "additional_properties { schema { ref: \"#/definitions/x\" } }",
        "yaml: "
        "\"[{\\\"group\\\":\\\"shop.dev\\\",\\\"kind\\\":\\\"Widget\\\",\\\"version\\\":\\\"v1\\\"}"
        "]\\n\""}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace charter
