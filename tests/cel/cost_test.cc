#include "controller/cel/program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

// What evaluations cost, in kube-apiserver's units: a rule that fits its budget there fits it here.
namespace charter::cel {
namespace {

struct Row {
  const char* source;
  uint64_t cost;
};

void expect_costs(const char* schema, const char* object, const std::vector<Row>& rows) {
  const Json source = *parse_yaml(schema);
  const Json document = *parse_yaml(object);
  const auto declared = declare(source, true, "selfType");
  for (const Row& row : rows) {
    std::string problem;
    const auto program = Program::compile(row.source, {{"self", declared->type}}, problem);
    ASSERT_TRUE(program) << problem;
    const Outcome outcome = program->evaluate({Value::of(&document, *declared)});
    EXPECT_TRUE(outcome.value.is(true)) << row.source << " " << outcome.value.as_text();
    EXPECT_EQ(outcome.cost, row.cost) << row.source;
  }
}

TEST(CelCost, Names_and_steps_cost_one_and_calls_what_they_look_at) {
  expect_costs(R"({type: object, properties: {a: {type: integer}, b: {type: number},
                   s: {type: string}, t: {type: string}, d: {type: string, format: byte}}})",
               "{a: 5, b: 10, s: Rook takes \xF0\x9F\x91\x91, t: '10', d: MTA=}",
               {{"self.a < int(self.b)", 6},
                {"double(5) < 10.0", 1},
                {"type(self.a) == int", 4},
                {"self.a in [1, 5]", 2},
                {"self.s.startsWith('Rook')", 3},
                {"!self.s.startsWith('knight')", 4},
                {"self.s.matches('^[^0-9]*$')", 8},
                {"size(self.s) == 12", 4},
                {"self.s.charAt(3) == 'k'", 4},
                {"self.s.indexOf('o') == 1", 4},
                {"self.s.replace(' ', 'x') == 'Rookxtakesx\xF0\x9F\x91\x91'", 7},
                {"self.s.substring(5) == 'takes \xF0\x9F\x91\x91'", 5},
                {"self.s.upperAscii() == 'ROOK TAKES \xF0\x9F\x91\x91'", 6},
                {"string(self.d) == self.t", 6},
                {"has(self.a) && has(self.s)", 2},
                {"'%o %o %o'.format([7, 8, 9]) == '7 10 11'", 2},
                {"type(self.a) == int ? self.a == 5 : self.a == 6", 7}});
}

TEST(CelCost, Loops_cost_what_their_steps_do) {
  expect_costs(
      "{type: object, properties: {val: {type: object, additionalProperties: {type: integer}}, "
      "array: {type: array, items: {type: integer}}}}",
      "{val: {b: 1, d: 2}, array: [1, 2, 3, 4, 5, 6, 7, 8]}",
      {{"self.val.all(k, self.val[k] > 0)", 17},
       {"!self.val.exists(k, self.val[k] == 3)", 20},
       {"self.val.exists_one(k, self.val[k] == 2)", 14},
       {"!self.val.exists_one(k, self.val[k] > 0)", 17},
       {"size(self.val.filter(k, self.val[k] > 1)) == 1", 26},
       {"self.val.all(k, v, v > 0)", 13},
       {"self.val.transformMap(k, v, v > 1, v + 1).size() == 1", 14},
       {"self.val.transformMap(k, v, v + 1).size() == 2", 15},
       {"self.val.transformMapEntry(k, v, v > 1, {k + '2': v + 1}).size() == 1", 45},
       {"self.array.all(e, e > 0)", 43},
       {"self.array.exists(e, e > 7)", 51},
       {"size(self.array.filter(e, e % 2 == 0)) == 4", 81},
       {"self.array.transformList(i, e, e * 2).size() > 0", 117},
       {"2 in self.array", 10},
       {"sets.contains(self.array, [1])", 11},
       {"sets.equivalent(self.array, self.array)", 133}});
}

TEST(CelCost, Lists_that_are_put_together_cost_their_making) {
  expect_costs(
      "{type: object, properties: {objs: {type: array, items: {type: array, "
      "x-kubernetes-list-type: "
      "map, x-kubernetes-list-map-keys: [k], items: {type: object, properties: {k: {type: string}, "
      "v: {type: string}}}}}}}",
      "{objs: [[{k: a, v: '1'}, {k: b, v: '2'}], [{k: b, v: '2'}, {k: a, v: '1'}], [{k: b, v: "
      "'3'}, "
      "{k: a, v: '1'}], [{k: c, v: '4'}]]}",
      {{"self.objs[0] == self.objs[1]", 7},
       {"self.objs[0] + self.objs[2] == self.objs[2]", 11},
       {"self.objs[0] == [self.objs[0][1], self.objs[0][0]]", 22},
       {"self.objs[2] + [self.objs[0][0], self.objs[0][1]] == self.objs[0]", 26},
       {"size(self.objs[0] + [self.objs[3][0]]) == 3", 20}});
}

}  // namespace
}  // namespace charter::cel
