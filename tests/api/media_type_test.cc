#include "controller/api/media_type.h"

#include <gtest/gtest.h>

namespace charter {
namespace {

using As = Representation::As;
using Syntax = Representation::Syntax;

struct Row {
  const char* accept;
  Syntax syntax;
  As as;
  const char* table_version = "v1";
};

TEST(MediaType, Negotiates_the_first_clause_that_can_be_served) {
  const Row rows[] = {
      {"", Syntax::JsonText, As::Object},
      {"*/*", Syntax::JsonText, As::Object},
      {"application/*", Syntax::JsonText, As::Object},
      {"application/json", Syntax::JsonText, As::Object},
      {"APPLICATION/JSON; charset=utf-8", Syntax::JsonText, As::Object},
      {"application/yaml", Syntax::YamlText, As::Object},
      {"application/vnd.kubernetes.protobuf,application/json", Syntax::JsonText, As::Object},
      {"application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json",
       Syntax::JsonText, As::Object},
      {"text/html, application/yaml;q=0.9, */*;q=0.8", Syntax::YamlText, As::Object},
      {"application/json;as=Table;v=v1;g=meta.k8s.io,application/"
       "json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
       Syntax::JsonText, As::Table},
      {"application/json;as=Table;v=v1beta1;g=meta.k8s.io", Syntax::JsonText, As::Table, "v1beta1"},
      {"application/json; as=Table; v=v1; g=meta.k8s.io", Syntax::JsonText, As::Table},
      {"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", Syntax::JsonText,
       As::Partial},
      {"application/yaml;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", Syntax::YamlText,
       As::Partial},
      {"application/json;as=Table;v=v2;g=meta.k8s.io,application/json", Syntax::JsonText,
       As::Object},
      {"application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,"
       "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
       Syntax::Protobuf, As::Partial},
  };
  for (const Row& row : rows) {
    const auto shape = negotiate(row.accept, PlainProtobuf::Unavailable);
    ASSERT_TRUE(shape.has_value()) << row.accept;
    EXPECT_EQ(shape->syntax, row.syntax) << row.accept;
    EXPECT_EQ(shape->as, row.as) << row.accept;
    EXPECT_EQ(shape->table_version, row.table_version) << row.accept;
  }
}

TEST(MediaType, Refuses_what_it_cannot_serve) {
  for (const char* accept : {"text/csv", "application/vnd.kubernetes.protobuf", "application/json;as=Table;v=v3;g=meta.k8s.io",
                             "application/json;as=Chair;v=v1;g=meta.k8s.io", "application/json;as=Table;v=v1;g=other", ";;;",
                             "json"}) {
    const auto shape = negotiate(accept, PlainProtobuf::Unavailable);
    ASSERT_FALSE(shape.has_value()) << accept;
    EXPECT_EQ(shape.error().code, Code::NotAcceptable) << accept;
    EXPECT_NE(
        shape.error().message.find("only the following media types are accepted: application/json, "
                                   "application/yaml, application/vnd.kubernetes.protobuf"),
        std::string::npos);
  }
}

TEST(MediaType, Protobuf_is_for_kinds_that_have_a_message) {
  const auto first =
      negotiate("application/vnd.kubernetes.protobuf,application/json", PlainProtobuf::Available);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->syntax, Syntax::Protobuf);
  const auto second =
      negotiate("application/json,application/vnd.kubernetes.protobuf", PlainProtobuf::Available);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->syntax, Syntax::JsonText);
}

TEST(MediaType, A_failure_takes_the_first_syntax_without_a_transformation) {
  EXPECT_EQ(negotiate_failure(""), Syntax::JsonText);
  EXPECT_EQ(negotiate_failure("text/csv"), Syntax::JsonText);
  EXPECT_EQ(negotiate_failure("application/vnd.kubernetes.protobuf,application/json"),
            Syntax::Protobuf);
  EXPECT_EQ(negotiate_failure("application/yaml"), Syntax::YamlText);
  EXPECT_EQ(
      negotiate_failure(
          "application/"
          "vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json"),
      Syntax::JsonText);
}

TEST(MediaType, Aggregated_discovery_is_served_when_asked_for_before_plain_json) {
  const std::string v2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const std::string beta = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";
  const std::string unknown = "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList";
  std::string version;
  EXPECT_TRUE(wants_aggregated_discovery(v2 + "," + beta + ",application/json", version));
  EXPECT_EQ(version, "v2");
  EXPECT_TRUE(wants_aggregated_discovery(unknown + "," + beta, version));
  EXPECT_EQ(version, "v2beta1");
  EXPECT_FALSE(wants_aggregated_discovery("application/json," + v2, version));
  EXPECT_FALSE(wants_aggregated_discovery("", version));
  EXPECT_FALSE(wants_aggregated_discovery("*/*", version));
}

TEST(MediaType, Strips_parameters_and_case_from_a_content_type) {
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"application/json", "application/json"},
                                                      {" Application/JSON ; charset=UTF-8", "application/json"},
                                                      {";", ""},
                                                      {"application/json, text/plain", "application/json, text/plain"}};
  for (const auto& [header, bare] : rows) EXPECT_EQ(bare_media_type(header), bare);
}

}  // namespace
}  // namespace charter
