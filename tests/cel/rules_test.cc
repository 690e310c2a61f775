#include "controller/cel/rules.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>

namespace charter::cel {
namespace {

Json yaml(const std::string& text) {
  auto out = parse_yaml(text);
  EXPECT_TRUE(out) << text;
  return out ? *out : Json();
}

/// The findings of compiling a schema, one a line.
std::string refused(const std::string& schema) {
  std::vector<Cause> causes;
  (void)RuleSet::compile(yaml(schema), "s", causes);
  std::string out;
  for (const Cause& cause : causes)
    out += cause.field + ": " + cause.message + "\n";
  return out;
}

/// What the rules of a schema say of an object, one finding a line; warnings begin with "warning ".
std::string judged(const std::string& schema, const std::string& object,
                   const std::string& before = {}) {
  std::vector<Cause> causes;
  // What rules may cost is estimate_test's.
  const auto rules = RuleSet::compile(yaml(schema), "s", causes, CostRule::Unlimited);
  EXPECT_TRUE(rules && causes.empty()) << schema << (causes.empty() ? "" : causes[0].message);
  if (!rules) return "no rules";
  const Json now = yaml(object);
  const Json old = before.empty() ? Json() : yaml(before);
  RuleReport report;
  rules->validate(now, before.empty() ? nullptr : &old, report);
  std::string out;
  for (const Cause& cause : report.causes)
    out += cause.field + ": " + cause.message + "\n";
  for (const std::string& warning : report.warnings)
    out += "warning " + warning + "\n";
  return out;
}

constexpr const char* kRange = R"yaml(
type: object
properties:
  spec:
    type: object
    x-kubernetes-validations:
    - {rule: "self.min <= self.max", message: "min is above max"}
    properties:
      min: {type: integer}
      max: {type: integer}
)yaml";

TEST(CelRules, A_rule_that_fails_is_a_finding_at_its_place) {
  EXPECT_EQ(judged(kRange, "{spec: {min: 1, max: 2}}"), "");
  EXPECT_EQ(judged(kRange, "{spec: {min: 3, max: 2}}"), "spec: Invalid value: min is above max\n");
  EXPECT_EQ(
      judged(kRange, "{spec: {min: 3}}"),
      "spec: Invalid value: \"object\": no such key: max evaluating rule: min is above max\n");
  EXPECT_EQ(judged(kRange, "{}"), "");
}

TEST(CelRules, Scalars_print_their_value_and_reasons_choose_the_words) {
  const auto with = [](const std::string& more) {
    return "{type: object, properties: {a: {type: string, x-kubernetes-validations: [{rule: \"self "
           "!= 'x'\"" +
           more + "}]}}}";
  };
  EXPECT_EQ(judged(with(""), "{a: x}"), "a: Invalid value: \"x\": failed rule: self != 'x'\n");
  EXPECT_EQ(judged(with(", message: never, reason: FieldValueForbidden"), "{a: x}"),
            "a: Forbidden: never\n");
  EXPECT_EQ(judged(with(", message: never, reason: FieldValueRequired"), "{a: x}"),
            "a: Required value: never\n");
  EXPECT_EQ(judged(with(", message: never, reason: FieldValueDuplicate"), "{a: x}"),
            "a: Duplicate value: \"x\"\n");
  EXPECT_EQ(judged(with(", messageExpression: \"'not ' + self\""), "{a: x}"),
            "a: Invalid value: \"x\": not x\n");
  EXPECT_EQ(judged(with(", message: never, messageExpression: \"string(1 / 0)\""), "{a: x}"),
            "a: Invalid value: \"x\": never\n");
}

TEST(CelRules, A_field_path_moves_the_finding) {
  const char* schema = R"yaml(
type: object
x-kubernetes-validations:
- {rule: "self.spec.a == 'ok'", fieldPath: ".spec.a", message: never}
properties:
  spec: {type: object, properties: {a: {type: string}}}
)yaml";
  EXPECT_EQ(judged(schema, "{spec: {a: x}}"), "spec.a: Invalid value: never\n");
  EXPECT_EQ(
      refused("{type: object, x-kubernetes-validations: [{rule: 'true', fieldPath: .b}]}"),
      "s.x-kubernetes-validations[0].fieldPath: Invalid value: \".b\": must be a valid path\n");
}

TEST(CelRules, Names_are_escaped_and_metadata_is_always_there) {
  const char* schema = R"yaml(
type: object
x-kubernetes-validations:
- {rule: "self.metadata.name.startsWith('a') && self.kind == 'K'"}
- {rule: "self.x__dash__y == self.__namespace__ && self.a__underscores__b == self.c__dot__d"}
properties:
  x-y: {type: integer}
  namespace: {type: integer}
  a__b: {type: integer}
  c.d: {type: integer}
)yaml";
  EXPECT_EQ(
      judged(schema, "{kind: K, metadata: {name: ab}, x-y: 1, namespace: 1, a__b: 2, c.d: 2}"), "");
}

TEST(CelRules, Formats_become_their_types) {
  const char* schema = R"yaml(
type: object
x-kubernetes-validations:
- {rule: "self.when < timestamp('2025-01-01T00:00:00Z') && self.day.getFullYear() == 2024"}
- {rule: "self.wait == duration('90s') && self.rest == duration('50h') && self.data == b'hi'"}
- {rule: "type(self.port) == int ? self.port < 100 : self.port.endsWith('%')"}
- {rule: "type(self.none) == null_type && self.ratio == 2.0"}
properties:
  when: {type: string, format: date-time}
  day: {type: string, format: date}
  wait: {type: string, format: duration}
  rest: {type: string, format: duration}
  data: {type: string, format: byte}
  port: {x-kubernetes-int-or-string: true}
  none: {type: string, nullable: true}
  ratio: {type: number}
)yaml";
  const std::string object =
      "{when: '2024-05-01T00:00:00Z', day: '2024-05-01', wait: 1m30s, rest: 2 days 2h, data: aGk=, "
      "none: null, "
      "ratio: 2, port: ";
  EXPECT_EQ(judged(schema, object + "80}"), "");
  EXPECT_EQ(judged(schema, object + "'5%'}"), "");
  EXPECT_EQ(judged(schema, object + "800}"),
            "<nil>: Invalid value: failed rule: type(self.port) == int ? self.port < 100 : "
            "self.port.endsWith('%')\n");
}

constexpr const char* kImmutable = R"yaml(
type: object
properties:
  a: {type: string, x-kubernetes-validations: [{rule: "self == oldSelf", message: immutable}]}
  list:
    type: array
    x-kubernetes-list-type: map
    x-kubernetes-list-map-keys: [k]
    items:
      type: object
      properties:
        k: {type: string}
        v: {type: integer, x-kubernetes-validations: [{rule: "self >= oldSelf", message: shrinks}]}
)yaml";

TEST(CelRules, Transition_rules_run_only_where_there_is_an_old_value) {
  EXPECT_EQ(judged(kImmutable, "{a: x}"), "");
  EXPECT_EQ(judged(kImmutable, "{a: x}", "{b: 1}"), "");
  EXPECT_EQ(judged(kImmutable, "{a: x}", "{a: x}"), "");
  EXPECT_EQ(judged(kImmutable, "{a: other}", "{a: x}"), "a: Invalid value: \"other\": immutable\n");
  EXPECT_EQ(judged(kImmutable, "{list: [{k: n, v: 1}, {k: b, v: 2}, {k: a, v: 0}]}",
                   "{list: [{k: a, v: 1}, {k: b, v: 1}]}"),
            "list[2].v: Invalid value: 0: shrinks\n");
}

TEST(CelRules, An_optional_old_value_is_there_on_create) {
  const char* schema = R"yaml(
type: object
x-kubernetes-validations:
- {rule: "oldSelf.hasValue() || self.a == 'first'", optionalOldSelf: true, message: begins with first}
properties: {a: {type: string}}
)yaml";
  EXPECT_EQ(judged(schema, "{a: second}"), "<nil>: Invalid value: begins with first\n");
  EXPECT_EQ(judged(schema, "{a: first}"), "");
  EXPECT_EQ(judged(schema, "{a: second}", "{a: first}"), "");
}

TEST(CelRules, What_an_update_leaves_as_it_was_is_a_warning) {
  const char* schema = R"yaml(
type: object
properties:
  a: {type: string, x-kubernetes-validations: [{rule: "self != 'bad'", message: bad}]}
  b: {type: string}
  items:
    type: array
    items: {type: string, x-kubernetes-validations: [{rule: "self != 'bad'", message: bad item}]}
)yaml";
  EXPECT_EQ(judged(schema, "{a: bad, b: new}", "{a: bad, b: old}"),
            "warning a: Invalid value: \"bad\": bad\n");
  EXPECT_EQ(judged(schema, "{a: bad}", "{a: good}"), "a: Invalid value: \"bad\": bad\n");
  EXPECT_EQ(judged(schema, "{items: [bad]}", "{items: [bad]}"),
            "warning items[0]: Invalid value: \"bad\": bad item\n");
  EXPECT_EQ(judged(schema, "{items: [bad, new]}", "{items: [bad]}"),
            "items[0]: Invalid value: \"bad\": bad item\n");
}

TEST(CelRules, A_rule_that_does_not_compile_is_refused_in_the_definition) {
  EXPECT_EQ(
      refused("{type: object, properties: {spec: {type: object, x-kubernetes-validations: [{rule: "
              "self.x <= 1, message: m}]}}}"),
      "s.properties[spec].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self.x "
      "\\u003c= "
      "1\",\"Message\":\"m\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\","
      "\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field 'x'\n | "
      "self.x <= 1\n | ....^\n");
  EXPECT_NE(refused("{type: object, x-kubernetes-validations: [{rule: '1 + 1'}]}")
                .find("cel expression must evaluate to a bool"),
            std::string::npos);
  EXPECT_NE(refused("{type: object, x-kubernetes-validations: [{rule: 'true', messageExpression: "
                    "'1'}]}")
                .find("messageExpression must evaluate to a string"),
            std::string::npos);
  EXPECT_EQ(refused("{type: object, x-kubernetes-validations: [{rule: ' '}]}"),
            "s.x-kubernetes-validations[0].rule: Required value: rule is not specified\n");
  EXPECT_EQ(refused("{type: object, x-kubernetes-validations: [{rule: 'true', reason: Odd}]}"),
            "s.x-kubernetes-validations[0].reason: Unsupported value: \"Odd\": supported values: "
            "\"FieldValueDuplicate\", \"FieldValueForbidden\", \"FieldValueInvalid\", "
            "\"FieldValueRequired\"\n");
}

TEST(CelRules, Old_values_are_refused_where_nothing_tells_elements_together) {
  EXPECT_EQ(refused("{type: object, properties: {l: {type: array, maxItems: 9, items: {type: "
                    "string, maxLength: 9, x-kubernetes-validations: [{rule: self == "
                    "oldSelf}]}}}}"),
            "s.properties[l].items.x-kubernetes-validations[0].rule: Invalid value: \"self == "
            "oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within "
            "s.properties[l]\n");
  EXPECT_EQ(refused("{type: object, x-kubernetes-validations: [{rule: 'true', optionalOldSelf: "
                    "true}]}"),
            "s.x-kubernetes-validations[0].optionalOldSelf: Invalid value: true: may not be set if "
            "oldSelf is not used in rule\n");
}

TEST(CelRules, The_cost_of_one_write_is_bounded) {
  // Each element costs 990 tenths of one text times 900 of the other: the twelfth is too much.
  const char* schema = R"yaml(
type: object
properties:
  a: {type: string}
  l:
    type: array
    items:
      type: object
      x-kubernetes-validations: [{rule: "!self.a.contains(self.b)", message: slow}]
      properties: {a: {type: string}, b: {type: string}}
)yaml";
  const std::string item = "{a: " + std::string(9900, 'x') + ", b: " + std::string(9000, 'y') + "}";
  std::string many = "{l: [" + item;
  for (int i = 1; i < 11; ++i)
    many += ", " + item;
  EXPECT_EQ(judged(schema, many + "]}"), "");
  EXPECT_EQ(
      judged(schema, many + ", " + item + ", " + item + "]}"),
      "l[11]: Invalid value: \"object\": validation failed due to running out of cost budget, "
      "no further validation rules will be run\n");
}

}  // namespace
}  // namespace charter::cel
