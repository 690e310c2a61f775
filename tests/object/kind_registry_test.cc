#include "controller/object/kind_registry.h"

#include "tests/object/widget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::json;
using testing::widget_definition;

const Gvr kWidgets{"conv.dev", "v1", "widgets"};

std::vector<std::string> problems(Json definition) {
  std::vector<Cause> causes;
  validate_definition(definition, causes);
  std::vector<std::string> out;
  for (const Cause& cause : causes)
    out.push_back(cause.field + ": " + cause.message);
  return out;
}

// The definition with the value at a JSON pointer replaced (or removed, for null).
Json changed(const char* pointer, const Json& value) {
  Json definition = widget_definition();
  const Json::json_pointer at(pointer);
  if (value.is_null())
    definition[at.parent_pointer()].erase(at.back());
  else
    definition[at] = value;
  return definition;
}

TEST(KindRegistry, Serves_what_a_definition_describes) {
  KindRegistry registry;
  ASSERT_TRUE(registry.define(widget_definition(), KindRegistry::Origin::Definition));
  const auto table = registry.table();
  const ResourceType* type = table->find(kWidgets);
  ASSERT_NE(type, nullptr);
  EXPECT_EQ(table->find_kind("conv.dev/v1", "Widget"), type);
  EXPECT_EQ(type->kind, "Widget");
  EXPECT_EQ(type->list_kind, "WidgetList");
  EXPECT_EQ(type->singular, "widget");
  EXPECT_THAT(type->short_names, ElementsAre("wg"));
  EXPECT_THAT(type->categories, ElementsAre("all"));
  EXPECT_TRUE(type->namespaced && type->storage && type->has_status);
  EXPECT_FALSE(type->builtin || type->terminating || type->deprecated);
  ASSERT_NE(type->scale, nullptr);
  EXPECT_THAT(type->scale->spec_replicas, ElementsAre("spec", "replicas"));
  EXPECT_THAT(type->scale->status_replicas, ElementsAre("status", "replicas"));
  EXPECT_THAT(type->scale->selector, ElementsAre("status", "selector"));
  EXPECT_THAT(type->selectable_fields, ElementsAre("spec.color"));
  ASSERT_EQ(type->columns.size(), 3U);
  EXPECT_EQ(type->columns[1].name, "Phase");
  EXPECT_EQ(type->columns[1].priority, 1);
  EXPECT_EQ(type->columns[1].json_path, ".status.phase");
  EXPECT_EQ(type->definition_uid, "u-1");
  EXPECT_EQ(type->definition_version, 209);
  EXPECT_EQ(type->bucket(), "conv.dev/widgets");
  EXPECT_EQ(type->qualified_resource(), "widgets.conv.dev");
  EXPECT_EQ(type->qualified_kind(), "Widget.conv.dev");
  EXPECT_NE(type->schema->property("spec"), nullptr);
}

TEST(KindRegistry, Epoch_moves_with_each_change_and_readers_keep_their_table) {
  KindRegistry registry;
  const auto empty = registry.table();
  ASSERT_TRUE(registry.define(widget_definition(), KindRegistry::Origin::Definition));
  const auto defined = registry.table();
  EXPECT_GT(defined->epoch(), empty->epoch());
  EXPECT_THAT(empty->all(), IsEmpty());
  registry.remove("other.conv.dev");
  EXPECT_EQ(registry.table(), defined);
  registry.remove("widgets.conv.dev");
  EXPECT_GT(registry.table()->epoch(), defined->epoch());
  EXPECT_EQ(registry.table()->find(kWidgets), nullptr);
  EXPECT_NE(defined->find(kWidgets), nullptr);
}

TEST(KindRegistry, A_refused_definition_leaves_the_table_as_it_was) {
  KindRegistry registry;
  ASSERT_TRUE(registry.define(widget_definition(), KindRegistry::Origin::Definition));
  const auto before = registry.table();
  const Status refused =
      registry.define(changed("/spec/scope", "Galaxy"), KindRegistry::Origin::Definition);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::Invalid);
  EXPECT_EQ(refused.error().message,
            "CustomResourceDefinition.apiextensions.k8s.io \"widgets.conv.dev\" is invalid: "
            "spec.scope: Unsupported value: \"Galaxy\": supported values: \"Cluster\", "
            "\"Namespaced\"");
  EXPECT_EQ(refused.error().subject->kind, "CustomResourceDefinition");
  EXPECT_EQ(registry.table(), before);
}

TEST(KindRegistry, Versions_are_served_apart_and_share_equal_schemas) {
  Json definition = widget_definition();
  Json older = definition["spec"]["versions"][0];
  older["name"] = "v1beta1";
  older["storage"] = false;
  older["deprecated"] = true;
  Json hidden = older;
  hidden["name"] = "v1alpha1";
  hidden["served"] = false;
  definition["spec"]["versions"].push_back(older);
  definition["spec"]["versions"].push_back(hidden);
  KindRegistry registry;
  ASSERT_TRUE(registry.define(definition, KindRegistry::Origin::Definition));
  const auto table = registry.table();
  ASSERT_EQ(table->all().size(), 2U);
  const ResourceType* beta = table->find(Gvr{"conv.dev", "v1beta1", "widgets"});
  ASSERT_NE(beta, nullptr);
  EXPECT_FALSE(beta->storage);
  EXPECT_EQ(beta->deprecation_warning, "conv.dev/v1beta1 Widget is deprecated");
  EXPECT_EQ(beta->schema, table->find(kWidgets)->schema);
  EXPECT_EQ(table->find(Gvr{"conv.dev", "v1alpha1", "widgets"}), nullptr);
}

TEST(KindRegistry, Built_in_kinds_may_live_in_the_core_group) {
  const Json definition = json(R"json({"metadata": {"name": "secrets"},
    "spec": {"group": "", "scope": "Namespaced", "names": {"plural": "secrets", "kind": "Secret"},
      "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema":
        {"type": "object", "properties": {"type": {"type": "string"}}}}}]}})json");
  KindRegistry registry;
  EXPECT_FALSE(registry.define(definition, KindRegistry::Origin::Definition));
  ASSERT_TRUE(registry.define(definition, KindRegistry::Origin::Builtin));
  const ResourceType* type = registry.table()->find(Gvr{"", "v1", "secrets"});
  ASSERT_NE(type, nullptr);
  EXPECT_TRUE(type->builtin);
  EXPECT_EQ(type->list_kind, "SecretList");
  EXPECT_EQ(type->bucket(), "/secrets");
  EXPECT_EQ(type->qualified_resource(), "secrets");
  EXPECT_EQ(type->qualified_kind(), "Secret");
  EXPECT_EQ(registry.table()->find_kind("v1", "Secret"), type);
}

TEST(KindRegistry, A_definition_under_deletion_is_marked) {
  KindRegistry registry;
  ASSERT_TRUE(registry.define(changed("/metadata/deletionTimestamp", "2026-11-23T22:47:31Z"),
                              KindRegistry::Origin::Definition));
  EXPECT_TRUE(registry.table()->find(kWidgets)->terminating);
}

TEST(ValidateDefinition, Takes_the_recorded_one_and_fills_what_it_leaves_out) {
  Json definition = widget_definition();
  definition["spec"]["names"].erase("singular");
  definition["spec"]["names"].erase("listKind");
  std::vector<Cause> causes;
  validate_definition(definition, causes);
  EXPECT_THAT(testing::lines(causes), IsEmpty());
  EXPECT_EQ(definition["spec"]["names"]["singular"], "widget");
  EXPECT_EQ(definition["spec"]["names"]["listKind"], "WidgetList");
  EXPECT_EQ(definition["spec"]["conversion"].dump(), R"({"strategy":"None"})");
}

/// One row: what is changed and the finding.
struct Row {
  const char* pointer;
  Json value;
  std::string problem;
};

const std::string label =
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
    "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const std::vector<Row> kRuleRows = {
    {"/metadata/name", "x.conv.dev",
     "metadata.name: Invalid value: \"x.conv.dev\": must be "
     "spec.names.plural+\".\"+spec.group"},
    {"/spec/group", nullptr, "spec.group: Required value"},
    {"/spec/group", "dev",
     "spec.group: Invalid value: \"dev\": should be a domain with at least one dot"},
    {"/spec/scope", nullptr, "spec.scope: Required value"},
    {"/spec/names/plural", nullptr, "spec.names.plural: Required value"},
    {"/spec/names/plural", "Widgets", "spec.names.plural: Invalid value: \"Widgets\": " + label},
    {"/spec/names/kind", "Wid_get",
     "spec.names.kind: Invalid value: \"Wid_get\": may have mixed case, but should otherwise "
     "match: " +
         label},
    {"/spec/names/listKind", "Widget",
     "spec.names.listKind: Invalid value: \"Widget\": kind and listKind may not be the same"},
    {"/spec/names/shortNames", json(R"(["W"])"),
     "spec.names.shortNames: Invalid value: \"W\": " + label},
    {"/spec/preserveUnknownFields", true,
     "spec.preserveUnknownFields: Invalid value: true: must be false"},
    {"/spec/conversion", json(R"({"strategy": "Webhook"})"),
     "spec.conversion.strategy: Unsupported value: \"Webhook\": supported values: \"None\""},
    {"/spec/versions/0/schema", nullptr,
     "spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required"},
    {"/spec/versions/0/name", "V1", "spec.versions[0].name: Invalid value: \"V1\": " + label},
    {"/spec/versions/0/served", nullptr, "spec.versions[0].served: Required value"},
    {"/spec/versions/0/deprecationWarning", "old",
     "spec.versions[0].deprecationWarning: Invalid value: \"old\": can only be set for "
     "deprecated versions"},
    {"/spec/versions/0/additionalPrinterColumns/0/type", "money",
     "spec.additionalPrinterColumns[0].type: Invalid value: \"money\": must be one of "
     "boolean,date,integer,number,string"},
    {"/spec/versions/0/additionalPrinterColumns/0/jsonPath", "spec.size",
     "spec.additionalPrinterColumns[0].jsonPath: Invalid value: \"spec.size\": must be a simple "
     "json path starting with ."},
    {"/spec/versions/0/subresources/scale/specReplicasPath", ".status.replicas",
     "spec.subresources.scale.specReplicasPath: Invalid value: \".status.replicas\": should be "
     "a json path under .spec"},
    {"/spec/versions/0/subresources/scale/statusReplicasPath", nullptr,
     "spec.subresources.scale.statusReplicasPath: Required value"},
    {"/spec/versions/0/subresources/scale/labelSelectorPath", ".x.y",
     "spec.subresources.scale.labelSelectorPath: Invalid value: \".x.y\": should be a json path "
     "under either .spec or .status"},
    {"/spec/versions/0/selectableFields/0/jsonPath", ".spec.nope",
     "spec.selectableFields[0].jsonPath: Invalid value: \".spec.nope\": is an invalid path: "
     "does not exist"},
    {"/spec/versions/0/selectableFields/0/jsonPath", ".spec.items",
     "spec.selectableFields[0].jsonPath: Invalid value: \".spec.items\": must point to a field "
     "of type string, boolean or integer. Enum string fields and strings with formats are "
     "allowed."},
    {"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/type", "int",
     "spec.validation.openAPIV3Schema.properties[spec].properties[size].type: Unsupported "
     "value: \"int\": supported values: \"array\", \"boolean\", \"integer\", \"number\", "
     "\"object\", \"string\""},
};

TEST(ValidateDefinition, Names_each_broken_rule_with_kubernetes_path_and_text) {
  for (const Row& row : kRuleRows)
    EXPECT_THAT(problems(changed(row.pointer, row.value)), Contains(row.problem)) << row.pointer;
}

TEST(ValidateDefinition, Wants_unique_versions_and_one_to_store) {
  Json definition = widget_definition();
  definition["spec"]["versions"].push_back(definition["spec"]["versions"][0]);
  const std::vector<std::string> found = problems(definition);
  EXPECT_THAT(found, Contains(::testing::EndsWith("must contain unique version names")));
  EXPECT_THAT(
      found,
      Contains(::testing::EndsWith("must have exactly one version marked as storage version")));
  EXPECT_THAT(problems(changed("/spec/versions", Json::array())),
              ElementsAre("spec.versions: Required value: must have exactly one version marked as "
                          "storage version"));
  EXPECT_THAT(problems(json(R"({"metadata": {}})")), ElementsAre("spec: Required value"));
}

TEST(ValidateDefinition, Schemas_that_differ_are_named_by_version) {
  Json definition = widget_definition();
  Json second = definition["spec"]["versions"][0];
  second["name"] = "v2";
  second["storage"] = false;
  second["schema"]["openAPIV3Schema"] = json(R"({"type": "array"})");
  second.erase("selectableFields");
  definition["spec"]["versions"].push_back(second);
  EXPECT_THAT(problems(definition),
              Contains("spec.versions[1].schema.openAPIV3Schema.type: Invalid value: \"array\": "
                       "must be object at the root"));
}

}  // namespace
}  // namespace charter
