#include "controller/object/schema.h"

#include "controller/base/limits.h"
#include "controller/object/metadata_schema.h"
#include "tests/object/widget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

using testing::compile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::json;
using testing::kind_with;
using testing::lines;
using ::testing::SizeIs;

std::vector<std::string> findings(const Schema& schema, const Json& object) {
  std::vector<Cause> causes;
  schema.validate(object, causes);
  return lines(causes);
}

Json widget(const std::string& spec) {
  return Json{{"apiVersion", "conv.dev/v1"},
              {"kind", "Widget"},
              {"metadata", {{"name", "b"}}},
              {"spec", json(spec)}};
}

// --- validation ----------------------------------------------------------------------------------

TEST(SchemaValidate, Answers_with_the_texts_that_kube_apiserver_was_recorded_with) {
  const auto schema = compile(testing::widget_schema_source());
  EXPECT_THAT(
      findings(*schema, widget(R"({"size": 99, "color": "pink", "name": "X", "when": "yesterday",
                                   "items": [{"value": "1"}], "port": 1.5})")),
      ::testing::UnorderedElementsAre(
          "spec.size: Invalid value: 99: spec.size in body should be less than or equal to 10 "
          "{FieldValueInvalid}",
          "spec.when: Invalid value: \"yesterday\": spec.when in body must be of type date-time: "
          "\"yesterday\" {FieldValueTypeInvalid}",
          "spec.color: Unsupported value: \"pink\": supported values: \"red\", \"green\", "
          "\"blue\" {FieldValueNotSupported}",
          "spec.items[0].key: Required value {FieldValueRequired}",
          "spec.name: Invalid value: \"X\": spec.name in body should be at least 2 chars long "
          "{FieldValueInvalid}",
          "spec.port: Invalid value: \"number\": spec.port in body must be of type "
          "integer,string: \"number\" {FieldValueTypeInvalid}"));
  EXPECT_THAT(findings(*schema, widget(R"({"size": "three"})")),
              ElementsAre("spec.size: Invalid value: \"string\": spec.size in body must be of type "
                          "integer: \"string\" {FieldValueTypeInvalid}"));
  EXPECT_THAT(findings(*schema, widget("{}")),
              ElementsAre("spec.size: Required value {FieldValueRequired}"));
  EXPECT_THAT(findings(*schema, widget(R"({"size": 1, "items": [{"key": "a"}, {"key": "a"}]})")),
              ElementsAre("spec.items[1]: Duplicate value: {\"key\":\"a\"} {FieldValueDuplicate}"));
  EXPECT_THAT(
      findings(*schema, widget(R"({"size": 1, "items": [{"key": "a"}, {"key": "b"},
                                           {"key": "c"}, {"key": "d"}]})")),
      ElementsAre("spec.items: Too many: 4: must have at most 3 items {FieldValueTooMany}"));
}

/// One row: the schema of spec.f, a value, and the findings.
struct Row {
  const char* schema;
  const char* value;
  std::vector<std::string> findings;
};

const std::string invalid = " {FieldValueInvalid}", type = " {FieldValueTypeInvalid}";
const std::vector<Row> kKeywordRows = {
    {R"({"type": "integer"})", "1", {}},
    {R"({"type": "integer"})", "1.0", {}},
    {R"({"type": "integer"})",
     "1.5",
     {"spec.f: Invalid value: \"number\": spec.f in body must be of type integer: \"number\"" +
      type}},
    {R"({"type": "number"})", "1", {}},
    {R"({"type": "boolean"})",
     "\"true\"",
     {"spec.f: Invalid value: \"string\": spec.f in body must be of type boolean: \"string\"" +
      type}},
    {R"({"type": "string"})",
     "null",
     {"spec.f: Invalid value: \"null\": spec.f in body must be of type string: \"null\"" + type}},
    {R"({"type": "string", "nullable": true})", "null", {}},
    {R"({"type": "string", "maxLength": 2})",
     "\"äöü\"",
     {"spec.f: Too long: may not be more than 2 bytes {FieldValueTooLong}"}},
    {R"({"type": "string", "maxLength": 3})", "\"äöü\"", {}},
    {R"({"type": "integer", "minimum": 3})",
     "2",
     {"spec.f: Invalid value: 2: spec.f in body should be greater than or equal to 3" + invalid}},
    {R"({"type": "integer", "minimum": 3, "exclusiveMinimum": true})",
     "3",
     {"spec.f: Invalid value: 3: spec.f in body should be greater than 3" + invalid}},
    {R"({"type": "number", "maximum": 0.5, "exclusiveMaximum": true})",
     "0.5",
     {"spec.f: Invalid value: 0.5: spec.f in body should be less than 0.5" + invalid}},
    {R"({"type": "integer", "maximum": 1000000})",
     "1000001",
     {"spec.f: Invalid value: 1000001: spec.f in body should be less than or equal to 1e+06" +
      invalid}},
    {R"({"type": "integer", "maximum": 9007199254740993})",
     "9007199254740994",
     {"spec.f: Invalid value: 9007199254740994: spec.f in body should be less than or equal to "
      "9.007199254740992e+15" +
      invalid}},
    {R"({"type": "integer", "multipleOf": 5})",
     "12",
     {"spec.f: Invalid value: 12: spec.f in body should be a multiple of 5" + invalid}},
    {R"({"type": "integer", "multipleOf": 5})", "15", {}},
    {R"({"type": "integer", "format": "int32"})",
     "3000000000",
     {"<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in "
      "spec.f" +
      invalid}},
    {R"({"type": "integer", "format": "int64"})", "3000000000", {}},
    {R"({"type": "array", "items": {"type": "string"}, "minItems": 1})",
     "[]",
     {"spec.f: Invalid value: []: spec.f in body should have at least 1 items" + invalid}},
    {R"({"type": "array", "items": {"type": "string"}})",
     "[\"a\", 1]",
     {"spec.f[1]: Invalid value: \"integer\": spec.f[1] in body must be of type string: "
      "\"integer\"" +
      type}},
    {R"({"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 1})",
     R"({"a": "x", "b": "y"})",
     {"spec.f: Too many: 2: must have at most 1 item {FieldValueTooMany}"}},
    {R"({"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 2})",
     R"({"a": "x"})",
     {"spec.f: Invalid value: {\"a\":\"x\"}: spec.f in body should have at least 2 properties" +
      invalid}},
    {R"({"type": "object", "additionalProperties": {"type": "integer"}})",
     R"({"a": "x"})",
     {"spec.f.a: Invalid value: \"string\": spec.f.a in body must be of type integer: "
      "\"string\"" +
      type}},
    {R"({"type": "integer", "enum": [1, 2]})",
     "3",
     {"spec.f: Unsupported value: 3: supported values: \"1\", \"2\" {FieldValueNotSupported}"}},
    {R"({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}})",
     R"(["a", "b", "a"])",
     {"spec.f[2]: Duplicate value: \"a\" {FieldValueDuplicate}"}},
    {R"({"x-kubernetes-int-or-string": true})", "\"http\"", {}},
    {R"({"x-kubernetes-int-or-string": true})", "80", {}},
    {R"({"type": "string", "format": "ipv4"})",
     "\"10.0.0.300\"",
     {"spec.f: Invalid value: \"10.0.0.300\": spec.f in body must be of type ipv4: "
      "\"10.0.0.300\"" +
      type}},
    {R"({"type": "string", "format": "unheard-of"})", "\"anything\"", {}},
    {R"({"type": "object", "x-kubernetes-preserve-unknown-fields": true})",
     R"({"a": [1, {}]})",
     {}},
    {R"({"type": "object", "x-kubernetes-embedded-resource": true,
           "x-kubernetes-preserve-unknown-fields": true})",
     R"({"kind": "A", "metadata": {"labels": {"a": 1}}})",
     {"spec.f.metadata.labels.a: Invalid value: \"integer\": spec.f.metadata.labels.a in body "
      "must be of type string: \"integer\"" +
          type,
      "spec.f.apiVersion: Required value: must not be empty {FieldValueRequired}"}},
};

TEST(SchemaValidate, Checks_every_keyword) {
  for (const Row& row : kKeywordRows) {
    const auto schema = compile(kind_with(std::string(R"({"f": )") + row.schema + "}"));
    ASSERT_NE(schema, nullptr) << row.schema;
    EXPECT_EQ(findings(*schema, widget(std::string(R"({"f": )") + row.value + "}")), row.findings)
        << row.schema << " on " << row.value;
  }
}

TEST(SchemaValidate, Logic_reports_the_rule_and_what_the_nearest_branch_misses) {
  const std::string shape = R"({"a": {"type": "integer"}, "b": {"type": "integer"}})";
  const auto kind = [&](const std::string& logic) {
    Json source = kind_with(shape);
    source["properties"]["spec"].update(json(logic));
    return compile(source);
  };
  const std::string any = R"([{"required": ["a"]}, {"required": ["b"]}])";
  EXPECT_THAT(
      findings(*kind(R"({"oneOf": )" + any + "}"), widget("{}")),
      ElementsAre("<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema "
                  "(oneOf). Found none valid {FieldValueInvalid}",
                  "spec.a: Required value {FieldValueRequired}"));
  EXPECT_THAT(
      findings(*kind(R"({"oneOf": )" + any + "}"), widget(R"({"a": 1, "b": 1})")),
      ElementsAre("<nil>: Invalid value: \"\": \"spec\" must validate one and only one schema "
                  "(oneOf). Found 2 valid alternatives {FieldValueInvalid}"));
  EXPECT_THAT(findings(*kind(R"({"anyOf": )" + any + "}"), widget(R"({"a": 1, "b": 1})")),
              IsEmpty());
  EXPECT_THAT(findings(*kind(R"({"anyOf": )" + any + "}"), widget("{}")),
              ElementsAre(HasSubstr("\"spec\" must validate at least one schema (anyOf)"),
                          HasSubstr("spec.a: Required value")));
  EXPECT_THAT(findings(*kind(R"({"allOf": )" + any + "}"), widget(R"({"b": 1})")),
              ElementsAre(HasSubstr("spec.a: Required value"),
                          HasSubstr("\"spec\" must validate all the schemas (allOf)")));
  EXPECT_THAT(findings(*kind(R"({"not": {"required": ["a"]}})"), widget(R"({"a": 1})")),
              ElementsAre(HasSubstr("\"spec\" must not validate the schema (not)")));
  EXPECT_THAT(findings(*kind(R"({"not": {"required": ["a"]}})"), widget("{}")), IsEmpty());
}

TEST(SchemaValidate, Findings_are_bounded) {
  const auto schema =
      compile(kind_with(R"({"f": {"type": "array", "items": {"type": "string"}}})"));
  Json object = widget(R"({"f": []})");
  for (int i = 0; i < 1000; ++i)
    object["spec"]["f"].push_back(i);
  EXPECT_THAT(findings(*schema, object), SizeIs(limits::kCausesMax));
}

TEST(SchemaValidate, Metadata_has_the_types_of_object_meta) {
  const auto schema = compile(testing::widget_schema_source());
  Json object = widget(R"({"size": 1})");
  object["metadata"] = json(R"({"name": "b", "labels": {"a": 1}, "finalizers": "x",
                                "ownerReferences": [{"name": 1}]})");
  std::vector<Cause> causes;
  schema->validate(object, causes);
  std::vector<std::string> fields;
  for (const Cause& cause : causes)
    fields.push_back(cause.field);
  EXPECT_THAT(fields, ::testing::UnorderedElementsAre("metadata.labels.a", "metadata.finalizers",
                                                      "metadata.ownerReferences[0].name"));
}

// --- pruning and defaults ------------------------------------------------------------------------

TEST(SchemaPrune, Removes_and_names_unknown_fields_at_every_level) {
  const auto schema = compile(testing::widget_schema_source());
  Json object = widget(R"({"size": 1, "bogus": 1, "items": [{"key": "a", "zip": 1}],
                           "labels": {"any": "x"}})");
  object["metadata"]["bogus"] = 1;
  object["extra"] = 1;
  std::vector<std::string> unknown;
  schema->prune(object, &unknown);
  EXPECT_THAT(unknown, ::testing::UnorderedElementsAre("spec.bogus", "spec.items[0].zip",
                                                       "metadata.bogus", "extra"));
  EXPECT_EQ(object.dump(), R"({"apiVersion":"conv.dev/v1","kind":"Widget","metadata":{"name":"b"},)"
                           R"("spec":{"items":[{"key":"a"}],"labels":{"any":"x"},"size":1}})");
}

TEST(SchemaPrune, Keeps_what_is_open_but_prunes_what_is_described_below_it) {
  const auto schema = compile(kind_with(R"({
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
      "known": {"type": "object", "properties": {"a": {"type": "string"}}}}},
    "any": {"type": "object", "additionalProperties": true},
    "child": {"type": "object", "x-kubernetes-embedded-resource": true,
              "properties": {"spec": {"type": "object"}}}})"));
  Json object = widget(R"({"free": {"x": {"y": 1}, "known": {"a": "1", "b": 2}},
    "any": {"x": {"y": 1}},
    "child": {"apiVersion": "v1", "kind": "A", "metadata": {"name": "n", "zip": 1}, "zap": 1}})");
  std::vector<std::string> unknown;
  schema->prune(object, &unknown);
  EXPECT_THAT(unknown, ::testing::UnorderedElementsAre("spec.free.known.b", "spec.child.zap",
                                                       "spec.child.metadata.zip"));
  EXPECT_EQ(object["spec"]["free"]["x"].dump(), R"({"y":1})");
  EXPECT_EQ(object["spec"]["any"].dump(), R"({"x":{"y":1}})");
}

TEST(SchemaDefaults, Fill_absent_members_depth_first_and_nulls_where_none_are_allowed) {
  const auto schema = compile(kind_with(R"({
    "color": {"type": "string", "default": "red"},
    "note": {"type": "string", "nullable": true, "default": "x"},
    "plain": {"type": "string"},
    "net": {"type": "object", "default": {}, "properties": {
      "mtu": {"type": "integer", "default": 1500}}},
    "list": {"type": "array", "items": {"type": "object", "properties": {
      "on": {"type": "boolean", "default": true}}}}})"));
  Json object =
      widget(R"({"color": null, "note": null, "plain": null, "list": [{}, {"on": false}]})");
  schema->apply_defaults(object);
  EXPECT_EQ(object["spec"].dump(),
            R"({"color":"red","list":[{"on":true},{"on":false}],"net":{"mtu":1500},"note":null})");
}

TEST(SchemaDefaults, Leave_absent_parents_absent) {
  const auto schema = compile(testing::widget_schema_source());
  Json object = json(R"({"metadata": {"name": "b", "creationTimestamp": null}})");
  schema->apply_defaults(object);
  EXPECT_EQ(object.dump(), R"({"metadata":{"name":"b"}})");
}

// --- compilation ---------------------------------------------------------------------------------

/// One row: a whole schema and what is wrong with it.
struct BadRow {
  Json source;
  std::string finding;
};

const std::string f = "s.properties[spec].properties[f]";
Json with(const std::string& schema) {
  return kind_with(R"({"f": )" + schema + "}");
}
const std::vector<BadRow> kBadRows = {
    {json(R"({"properties": {}})"), "s.type: Required value: must not be empty at the root"},
    {json(R"({"type": "string"})"),
     "s.type: Invalid value: \"string\": must be object at the root"},
    {json("[]"), "s: Invalid value: []: must be a schema object"},
    {with("{}"), f + ".type: Required value: must not be empty for specified object fields"},
    {with(R"({"type": "array", "items": {}})"),
     f + ".items.type: Required value: must not be empty for specified array items"},
    {with(R"({"type": "array"})"), f + ".items: Required value: must be specified"},
    {with(R"({"type": "text"})"),
     f + ".type: Unsupported value: \"text\": supported values: \"array\", \"boolean\", "
         "\"integer\", \"number\", \"object\", \"string\""},
    {with(R"({"type": "null"})"),
     f + ".type: Forbidden: type cannot be set to null, use nullable as an alternative"},
    {with(R"({"type": "object", "$ref": "#/x"})"), f + ".$ref: Forbidden: $ref is not supported"},
    {with(R"({"type": "array", "items": [{"type": "string"}]})"),
     f + ".items: Forbidden: items must be a schema object and not an array"},
    {with(R"({"type": "array", "uniqueItems": true, "items": {"type": "string"}})"),
     f + ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime "
         "complexity becomes quadratic"},
    {with(R"({"type": "object", "additionalProperties": false})"),
     f + ".additionalProperties: Forbidden: additionalProperties cannot be set to false"},
    {with(R"({"type": "object", "properties": {"a": {"type": "string"}},
                "additionalProperties": {"type": "string"}})"),
     f + ".additionalProperties: Forbidden: additionalProperties and properties are mutual "
         "exclusive"},
    {with(R"({"type": "string", "pattern": "["})"),
     f + ".pattern: Invalid value: \"[\": must be a valid regular expression, but isn't: error "
         "parsing regexp: missing ]: ["},
    {with(R"({"type": "string", "minLength": "2"})"),
     f + ".minLength: Invalid value: \"2\": has the wrong type"},
    {with(R"({"type": "integer", "default": "x"})"),
     f + ".default: Invalid value: \"string\": " + f +
         ".default in body must be of type integer: \"string\""},
    {with(R"({"type": "object", "default": {"zip": 1}, "properties": {"a": {"type": "string"}}})"),
     f + ".default: Invalid value: {\"zip\":1}: must not have unknown fields"},
    {with(R"({"type": "string", "x-kubernetes-int-or-string": true})"),
     f + ".type: Invalid value: \"string\": must be empty if x-kubernetes-int-or-string is true"},
    {with(R"({"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}})"),
     f + ".x-kubernetes-list-map-keys: Required value: must not be empty if "
         "x-kubernetes-list-type is map"},
    {with(R"({"type": "array", "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"], "items": {"type": "object"}})"),
     f + ".x-kubernetes-list-map-keys: Invalid value: [\"k\"]: entries must all be names of item "
         "properties"},
    {with(R"({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys":
                ["k"], "items": {"type": "object", "properties": {"k": {"type": "string"}}}})"),
     f + ".items.properties[k].default: Required value: this property is in "
         "x-kubernetes-list-map-keys, so it must have a default or be a required property"},
    {with(R"({"type": "array", "x-kubernetes-list-type": "bag", "items": {"type": "string"}})"),
     f + ".x-kubernetes-list-type: Unsupported value: \"bag\": supported values: \"atomic\", "
         "\"map\", \"set\""},
    {with(R"({"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "object"}})"),
     f + ".items: Invalid value: \"object\": must be atomic as item of a list with "
         "x-kubernetes-list-type=set"},
    {with(R"({"type": "object", "anyOf": [{"type": "object"}]})"),
     f + ".anyOf[0].type: Forbidden: must be empty to be structural"},
    {with(R"({"type": "object", "not": {"properties": {"a": {"minimum": 1}}}, "properties":
                {"b": {"type": "string"}}})"),
     f + ".properties[a]: Required value: because it is defined in " + f + ".not.properties[a]"},
    {json(R"({"type": "object", "properties": {"metadata": {"type": "object",
                "properties": {"labels": {"type": "object"}}}}})"),
     "s.properties[metadata]: Forbidden: must not specify anything other than name and "
     "generateName, but metadata is implicitly specified"},
    {json(R"({"type": "object", "properties": {"kind": {"type": "integer"}}})"),
     "s.properties[kind].type: Invalid value: \"integer\": must be string"},
};

TEST(SchemaCompile, Refuses_schemas_that_are_not_structural_with_kubernetes_paths) {
  for (const BadRow& row : kBadRows) {
    std::vector<Cause> causes;
    EXPECT_EQ(Schema::compile(row.source, "s", causes), nullptr) << row.source;
    ASSERT_FALSE(causes.empty()) << row.source;
    EXPECT_EQ(causes[0].field + ": " + causes[0].message, row.finding);
  }
}

TEST(SchemaCompile, Takes_the_two_spellings_of_int_or_string) {
  const auto schema = compile(kind_with(R"({
    "a": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
    "b": {"x-kubernetes-int-or-string": true, "pattern": "^[0-9]+%$", "allOf": [
      {"anyOf": [{"type": "integer"}, {"type": "string"}]}]}})"));
  ASSERT_NE(schema, nullptr);
  EXPECT_THAT(findings(*schema, widget(R"({"a": 1, "b": "50%"})")), IsEmpty());
  EXPECT_THAT(findings(*schema, widget(R"({"b": "x"})")),
              ElementsAre(HasSubstr("should match '^[0-9]+%$'")));
}

TEST(SchemaCompile, Refuses_schemas_beyond_the_bounds) {
  Json properties = Json::object();
  for (size_t i = 0; i <= limits::kSchemaNodesMax; ++i)
    properties["p" + std::to_string(i)] = {{"type", "string"}};
  Json deep = {{"type", "string"}};
  for (size_t i = 0; i <= limits::kDocumentDepthMax; ++i)
    deep = Json{{"type", "object"}, {"properties", {{"a", deep}}}};
  for (const Json& source : {Json{{"type", "object"}, {"properties", properties}}, deep}) {
    std::vector<Cause> causes;
    EXPECT_EQ(Schema::compile(source, "s", causes), nullptr);
    ASSERT_THAT(causes, SizeIs(1));
    EXPECT_EQ(causes[0].reason, "FieldValueTooMany");
  }
}

TEST(SchemaShape, Answers_the_questions_of_apply_and_openapi) {
  const auto schema = compile(testing::widget_schema_source());
  const Schema* spec = schema->property("spec");
  ASSERT_NE(spec, nullptr);
  const Schema* items = spec->property("items");
  ASSERT_NE(items, nullptr);
  EXPECT_EQ(items->list_type(), ListType::Map);
  EXPECT_THAT(items->list_keys(), ElementsAre("key"));
  EXPECT_EQ(items->items()->property("value")->source().dump(), R"({"type":"string"})");
  EXPECT_EQ(*spec->property("color")->default_value(), "red");
  EXPECT_EQ(spec->property("nope"), nullptr);
  EXPECT_NE(spec->property("labels")->additional(), nullptr);
  EXPECT_EQ(schema->property("metadata"), &object_meta_schema());
  EXPECT_NE(schema->property("apiVersion"), nullptr);
  EXPECT_TRUE(schema->has_rules());
  EXPECT_FALSE(schema->property("status")->has_rules());
  EXPECT_EQ(object_meta_schema().property("finalizers")->list_type(), ListType::Set);
  EXPECT_THAT(object_meta_schema().property("ownerReferences")->list_keys(), ElementsAre("uid"));
  EXPECT_EQ(schema->source(), testing::widget_schema_source());
}

}  // namespace
}  // namespace charter
