#include "controller/cel/program.h"
#include "controller/cel/rules.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

// What rules may cost at most, before there is an object: kube-apiserver refuses a definition by
// these numbers, so they must be the same here. A schema's `%` stands for its bounds, which are
// left out first and then written.
namespace charter::cel {
namespace {

/// The schema with all its bounds set to `bound`, or without any.
std::string bounded(std::string schema, int64_t bound) {
  for (size_t at = schema.find('%'); at != std::string::npos; at = schema.find('%', at)) {
    const size_t end = schema.find_first_of(",}", at);
    const std::string name = schema.substr(at + 1, end - at - 1);
    const std::string text = bound < 0 ? "" : ", " + name + ": " + std::to_string(bound);
    schema.replace(at, end - at, text);
  }
  return schema;
}

uint64_t estimated(const std::string& schema, const std::string& rule) {
  const Json source = *parse_yaml(schema);
  const auto declared = declare(source, false, "selfType");
  std::string problem;
  const auto program = Program::compile(
      rule, {{"self", declared->type}, {"oldSelf", declared->type}}, problem, declared.get());
  EXPECT_TRUE(program) << schema << " " << problem;
  return program ? program->max_cost() : 0;
}

struct Row {
  const char* schema;
  const char* rule;
  uint64_t unbounded;
  int64_t bound;
  uint64_t bounded;
};

void expect_estimates(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    EXPECT_EQ(estimated(bounded(row.schema, -1), row.rule), row.unbounded)
        << row.schema << " " << row.rule;
    EXPECT_EQ(estimated(bounded(row.schema, row.bound), row.rule), row.bounded)
        << row.schema << " " << row.rule << " with " << row.bound;
  }
}

constexpr const char* kNumbers = "{type: array%maxItems, items: {type: number}}";
constexpr const char* kStrings = "{type: array%maxItems, items: {type: string}}";
constexpr const char* kString = "{type: string%maxLength}";
constexpr const char* kObject =
    "{type: object, required: [required], properties: {required: {type: string}, optional: {type: "
    "string}}}";

TEST(CelEstimate, A_loop_costs_its_step_for_each_element_that_may_be_there) {
  const std::string objects = std::string("{type: array%maxItems, items: ") + kObject + "}";
  expect_estimates({
      {kNumbers, "self.all(x, true)", 4718591, 10, 32},
      {kStrings, "self.all(x, true)", 3145727, 20, 62},
      {"{type: array%maxItems, items: {type: boolean}}", "self.all(x, true)", 1887437, 5, 17},
      {"{type: array%maxItems, items: {type: array, items: {type: number}}}", "self.all(x, true)",
       3145727, 100, 302},
      {objects.c_str(), "self.all(x, true)", 555128, 50, 152},
      {"{type: array%maxItems, items: {x-kubernetes-int-or-string: true}}", "self.all(x, true)",
       4718591, 10, 32},
      {"{type: array%maxItems, items: {type: string, format: duration}}", "self.all(x, true)",
       2359295, 5, 17},
      {"{type: array%maxItems, items: {type: string, format: date}}", "self.all(x, true)", 725936,
       15, 47},
      {"{type: array%maxItems, items: {type: string, format: date-time}}", "self.all(x, true)",
       428963, 25, 77},
      {kNumbers, "self.all(x, x == 0.0)", 6291454, 6291456, 25165826},
      {"{type: array%maxItems, items: {type: object, additionalProperties: {type: number}}}",
       "self.all(x, x.y == 25.2)", 6291452, 12, 74},
  });
}

TEST(CelEstimate, Loops_in_loops_multiply) {
  EXPECT_EQ(estimated(bounded(kNumbers, 10), "self.all(x, self.all(y, true))"), 352u);
  EXPECT_EQ(estimated(bounded(kNumbers, 10), "self.all(x, self.all(y, self.all(z, true)))"), 3552u);
  EXPECT_GT(estimated(bounded(kNumbers, -1), "self.all(x, self.all(y, true))"), 10'000'000u);
}

TEST(CelEstimate, Maps_are_bounded_by_the_shortest_entry) {
  const auto map = [](const std::string& value) {
    return "{type: object%maxProperties, additionalProperties: " + value + "}";
  };
  const std::vector<std::tuple<std::string, uint64_t, int64_t, uint64_t>> rows = {
      {"{type: number}", 1348169, 10, 32},
      {"{type: string}", 1179647, 3, 11},
      {"{type: boolean}", 943718, 100, 302},
      {"{x-kubernetes-int-or-string: true}", 1348169, 15, 47},
      {"{type: string, format: duration}", 1048577, 5, 17},
      {"{type: string, format: date}", 524288, 10, 32},
      {"{type: string, format: date-time}", 349526, 25, 77},
      {kObject, 428963, 20, 62},
      {"{type: object, additionalProperties: {type: number}}", 1179647, 10, 32},
      {"{type: array, items: {type: number}}", 1179647, 25, 77},
  };
  for (const auto& [value, open, bound, closed] : rows)
    expect_estimates({{map(value).c_str(), "self.all(x, true)", open, bound, closed}});
  expect_estimates({
      {"{type: object%maxProperties, additionalProperties: {type: string%maxLength}}",
       "self.all(x, x.contains(self[x]))", 2752507, 10, 72},
      {"{type: object%maxProperties, additionalProperties: {type: integer}}",
       "oldSelf.size() == self.size()", 5, 10, 5},
      {"{type: object%maxProperties, additionalProperties: {type: string, format: date-time}}",
       "self['a'] == self['b']", 8, 7, 8},
      {"{type: object%maxProperties, additionalProperties: {type: string, format: duration}}",
       "self['c'] == self['d']", 8, 42, 8},
      {"{type: object%maxProperties, additionalProperties: {type: number}}", "self['x'] == 0.0", 2,
       0, 2},
  });
}

TEST(CelEstimate, An_element_costs_what_its_type_does_wherever_it_stands) {
  const std::string objects = std::string("{type: array%maxItems, items: ") + kObject + "}";
  expect_estimates({
      {kNumbers, "self[1] == 0.0", 2, 5000, 2},
      {kNumbers, "self[3] == 0.0", 2, 0, 2},
      {kStrings, "self[1] == self[1]", 314577, 8, 314577},
      {"{type: array%maxItems, items: {x-kubernetes-int-or-string: true}}", "self[0] == 5", 3, 10,
       3},
      {"{type: array%maxItems, items: {type: boolean}}", "self[0] == false", 2, 25, 2},
      {objects.c_str(), "self[0] == null", 2, 422, 2},
      {"{type: array%maxItems, items: {type: array, items: {type: number}}}", "self[0][0] == -1.0",
       3, 51, 3},
      {"{type: array%maxItems, items: {type: object, additionalProperties: {type: number}}}",
       "self[0].x > 2.0", 4, 3000, 4},
      {"{type: array%maxItems, items: {type: string, format: duration}}", "self[0].getHours() == 2",
       4, 525, 4},
      {"{type: array%maxItems, items: {type: string, format: date}}",
       "self[2].getDayOfMonth() == 13", 4, 42, 4},
      {"{type: array%maxItems, items: {type: string, format: date-time}}",
       "self[2].getMinutes() == 45", 4, 99, 4},
  });
  const std::string nested = std::string(
                                 "{type: array%maxItems, items: {type: object%maxProperties"
                                 ", additionalProperties: ") +
                             kObject + "}}";
  const std::string once = std::string(
                               "{type: array, items: {type: object%maxProperties, "
                               "additionalProperties: ") +
                           kObject + "}}";
  expect_estimates({
      {nested.c_str(), "self.all(x, x['y'].required == 'z')", 7340027, 10, 72},
      {once.c_str(), "self.all(x, x['y'].required == 'z')", 7340027, 10, 7340027},
  });
}

TEST(CelEstimate, Texts_cost_what_is_read_of_them) {
  expect_estimates({
      {kString, "self.contains('test')", 314574, 10, 5},
      {kString, "self.startsWith('test')", 2, 15, 2},
      {kString, "self.endsWith('test')", 2, 30, 2},
      {kString, "size(self + 'hello') > size('hello')", 314578, 4, 7},
      {kString, "self.matches('x')", 314574, 50, 22},
      {kString, "''.matches('(((((((((())))))))))[0-9]')", 7, 10, 7},
      {kString, "self.matches('')", 1, 100, 1},
      {kString, "self == 'x'", 2, 0, 1},
      {"{type: string, format: byte%maxLength}", "self == b'x'", 2, 0, 1},
      {kString, "self.find('[0-9]+') == ''", 629147, 10, 11},
      {kString, "self.lowerAscii() == 'lower!'", 314575, 10, 6},
      {"{type: string, enum: [A, B, C, LongValue]%maxLength}", "self.contains('A')", 2, 1000, 401},
      {"{x-kubernetes-int-or-string: true%maxLength}", "isQuantity(self)", 314574, 20, 9},
      {"{type: array%maxItems, items: {type: string%maxLength}}", "self.join(' ') == 'aa bb'",
       329853068905, 10, 43},
      {"{type: array%maxItems, items: {type: string%maxLength}}", "self.isSorted() == true",
       329854432052, 10, 52},
      {"{type: object, properties: {str: {type: string%maxLength}, before: {type: string, "
       "maxLength: 2}, after: {type: string, maxLength: 4}}}",
       "self.str.replace(self.before, self.after) == 'does not matter'", 629154, 4, 12},
      {"{type: object, properties: {str: {type: string%maxLength}, separator: {type: string"
       "%maxLength}}}",
       "self.str.split(self.separator) == []", 629160, 10, 22},
  });
}

TEST(CelEstimate, Functions_on_literals_have_their_libraries_numbers) {
  const std::vector<std::pair<const char*, uint64_t>> rows = {
      {"'ABCDEFGHIJ abcdefghij'.lowerAscii() == 'abcdefghij ABCDEFGHIJ'.lowerAscii()", 9},
      {"strings.quote('ABCDEFGHIJ abcdefghij') == strings.quote('ABCDEFGHIJ abcdefghij')", 11},
      {"'abc 123 def 123'.replace('', 'x')", 3},
      {"'abc 123 def 123'.split(' ', 1)", 3},
      {"'abc 123 def 123'.substring(5, 8)", 2},
      {"'abc 123 def 123'.findAll('123', 1)", 2},
      {"quantity('2M') == quantity('0.002G') && quantity('2000k') == quantity('2M')", 6},
      {"quantity('50k').add(20).sub(quantity('100k')).asInteger() > 0", 6},
      {"format.named('dns1123Subdomain').value().validate('my-name')", 34},
      {"format.named('dns1123Label').value() == format.named('dns1123Label').value()", 11},
      {"sets.contains([], [])", 21},
      {"sets.contains([1, 2, 3, 4], [2, 3])", 29},
      {"!sets.contains([1], [2])", 23},
      {"sets.equivalent([1], [1, 1])", 25},
      {"sets.intersects([1, 1], [1])", 23},
      {"semver('1234.56789012345.67890123456789')", 4},
      {"semver('1.0.0').compareTo(semver('1.2.3'))", 3},
  };
  for (const auto& [rule, cost] : rows)
    EXPECT_EQ(estimated("{type: integer}", rule), cost) << rule;
  // Nothing tells how long the parts of a literal list are.
  EXPECT_GT(estimated("{type: integer}", "['a', 'b'].join() == 'ab'"), 10'000'000u);
}

/// What a definition's author is told, one finding a line.
std::string refused(const std::string& schema) {
  std::vector<Cause> causes;
  (void)RuleSet::compile(*parse_yaml(schema), "s", causes);
  std::string out;
  for (const Cause& cause : causes)
    out += cause.field + ": " + cause.message + "\n";
  return out;
}

constexpr const char* kAdvice =
    " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, "
    "maps, and strings are declared)\n";

/// A list of names that are compared with each other, with what bounds it.
std::string names(const std::string& list_bound, const std::string& text_bound = "") {
  return "{type: object, properties: {names: {type: array" + list_bound + ", items: {type: string" +
         text_bound +
         "}, x-kubernetes-validations: [{rule: 'self.all(a, self.exists_one(b, a == b))'}]}}}";
}

TEST(CelEstimate, A_rule_that_could_cost_too_much_is_refused_and_with_bounds_it_is_not) {
  const std::string place =
      "s.properties[names].x-kubernetes-validations[0].rule: Forbidden: estimated rule cost "
      "exceeds budget by factor of ";
  EXPECT_TRUE(refused(names("")).starts_with(place + "more than 100x" + kAdvice));
  EXPECT_EQ(refused(names(", maxItems: 100", ", maxLength: 40")), "");
  EXPECT_NE(refused(names(", maxItems: 1000", ", maxLength: 40")).find(place + "2."),
            std::string::npos);
  // 720 texts of 40 code points: a little too many.
  EXPECT_NE(refused(names(", maxItems: 720", ", maxLength: 40")).find(place + "1."),
            std::string::npos)
      << refused(names(", maxItems: 720", ", maxLength: 40"));
}

TEST(CelEstimate, A_rule_below_lists_counts_for_each_element) {
  const auto nested = [](const std::string& bound) {
    return "{type: object, properties: {l: {type: array" + bound +
           ", items: {type: object, properties: {s: {type: string, maxLength: 1000, "
           "x-kubernetes-validations: [{rule: \"self.matches('^a')\"}]}}}}}}";
  };
  EXPECT_NE(refused(nested("")).find("estimated rule cost exceeds budget by factor of"),
            std::string::npos);
  EXPECT_EQ(refused(nested(", maxItems: 20")), "");
}

TEST(CelEstimate, All_rules_together_have_a_limit_and_the_dearest_are_named) {
  std::string schema = "{type: object, properties: {";
  for (int i = 0; i < 17; ++i) {
    schema += i ? ", " : "";
    schema += "p" + std::to_string(i) +
              ": {type: array, items: {type: string}, x-kubernetes-validations: [{rule: "
              "'self.all(x, self.size() > 0)'}]}";
  }
  const std::string said = refused(schema + "}}");
  EXPECT_EQ(said.find("estimated rule cost exceeds"), std::string::npos) << said;
  size_t named = 0;
  for (size_t at = 0;
       (at = said.find("contributed to estimated rule cost total", at)) != std::string::npos; ++at)
    ++named;
  EXPECT_EQ(named, 4u) << said;
  EXPECT_NE(said.find("s: Forbidden: x-kubernetes-validations estimated rule cost total for entire "
                      "OpenAPIv3 schema exceeds budget by factor of 1.0"),
            std::string::npos)
      << said;
}

TEST(CelEstimate, A_message_has_the_limit_of_a_rule) {
  const std::string schema =
      "{type: object, properties: {l: {type: array, items: {type: array, items: {type: string}}, "
      "x-kubernetes-validations: [{rule: 'self.size() > 0', messageExpression: \"self.all(x, "
      "x.all(y, y != 'a')) ? 'yes' : 'no'\"}]}}}";
  EXPECT_NE(refused(schema).find("x-kubernetes-validations[0].messageExpression: Forbidden: "
                                 "estimated messageExpression cost exceeds budget by factor of "
                                 "more than 100x"),
            std::string::npos)
      << refused(schema);
}

}  // namespace
}  // namespace charter::cel
