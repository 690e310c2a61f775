#include "controller/api/json_path.h"

#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

const Json& document() {
  static const Json kDocument = {
      {"metadata", {{"name", "a"}, {"labels", {{"app.kubernetes.io/name", "shop"}, {"plain", "p"}}}}},
      {"spec", {{"ports", {{{"port", 80}, {"name", "http"}}, {{"port", 443}, {"name", "https"}}}}}},
      {"status",
       {{"conditions", {{{"type", "Ready"}, {"status", "True"}}, {{"type", "Synced"}, {"status", "False"}}}}, {"weight", 5}}}};
  return kDocument;
}

std::string selected(const std::string& expression) {
  const auto path = JsonPath::parse(expression);
  if (!path) return "error";
  std::string out;
  const std::string text = encode(document());
  for (const std::string_view node : path->select(JsonView(text)))
    out.append(out.empty() ? "" : " ").append(node);
  return out;
}

TEST(JsonPath, Selects_nodes_in_document_order) {
  const std::pair<const char*, const char*> rows[] = {
      {".metadata.name", "\"a\""},
      {"$.metadata.name", "\"a\""},
      {"{.metadata.name}", "\"a\""},
      {"['metadata']['name']", "\"a\""},
      {".metadata[\"name\"]", "\"a\""},
      {".metadata.labels.app\\.kubernetes\\.io/name", "\"shop\""},
      {".metadata.labels['app.kubernetes.io/name']", "\"shop\""},
      {".spec.ports[0].port", "80"},
      {".spec.ports[1].name", "\"https\""},
      {".spec.ports[*].port", "80 443"},
      {".spec.ports.*.name", "\"http\" \"https\""},
      {".spec.ports[?(@.port==\"443\")].name", "\"https\""},
      {".status.conditions[?(@.type==\"Ready\")].status", "\"True\""},
      {".status.conditions[?(@.type == 'Synced')].status", "\"False\""},
  };
  for (const auto& [path, nodes] : rows) EXPECT_EQ(selected(path), nodes) << path;
}

TEST(JsonPath, What_is_not_there_selects_nothing) {
  for (const char* path : {".spec.missing", ".spec.ports[7]", ".metadata.name.deeper", ".metadata[0]",
                           ".status.conditions[?(@.type==\"Gone\")].status", ".status.weight[*]", ".metadata.name[?(@.a==\"b\")]"}) {
    EXPECT_EQ(selected(path), "") << path;
  }
}

TEST(JsonPath, Refuses_expressions_it_does_not_know) {
  for (const char* path : {"metadata.name", ".spec..ports", ".spec.ports[", ".spec.ports[]", ".spec.ports[-1]", ".spec.ports[0:2]",
                           ".spec.ports[x]", ".a[?(@.b)]", ".a[?(@.b==1)]", ".a[?(@.)]", ".a.", ".a[1 ]",
                           ".a[99999999999999999999999]"}) {
    const auto parsed = JsonPath::parse(path);
    ASSERT_FALSE(parsed.has_value()) << path;
    EXPECT_EQ(parsed.error().code, Code::Invalid);
    EXPECT_NE(parsed.error().message.find("JSONPath is not supported here"), std::string::npos);
  }
}

}  // namespace
}  // namespace charter
