#include "tests/cel/evaluate.h"

#include <gtest/gtest.h>

namespace charter::cel::test {
namespace {

TEST(CelLanguage, Literals_are_read_with_their_escapes_and_bases) {
  expect_all({{"1", "1"},
              {"-9223372036854775808", "-9223372036854775808"},
              {"0xFF", "255"},
              {"-0x10", "-16"},
              {"18446744073709551615u", "18446744073709551615u"},
              {"1.5e3", "1500"},
              {".5", "0.5"},
              {R"('a\'b\n\u00e9\x41\101')", "'a'b\n\u00e9AA'"},
              {R"(r'a\n')", R"('a\n')"},
              {"\"\"\"a\"b\nc\"\"\"", "'a\"b\nc'"},
              {R"(size(b'\xff\x00'))", "2"},
              {R"(b'ab' == b"\141b")", "true"},
              {"1 // a comment", "1"},
              {"null == null", "true"}});
}

TEST(CelLanguage, Arithmetic_never_wraps) {
  expect_all({{"1 + 2 * 3 - 4 / 2 % 3", "5"},
              {"9223372036854775807 + 1", "error: integer overflow"},
              {"-9223372036854775808 - 1", "error: integer overflow"},
              {"9223372036854775807 * 2", "error: integer overflow"},
              {"-(-9223372036854775807 - 1)", "error: integer overflow"},
              {"(-9223372036854775807 - 1) / -1", "error: integer overflow"},
              {"(-9223372036854775807 - 1) % -1", "error: integer overflow"},
              {"1u - 2u", "error: unsigned integer overflow"},
              {"1 / 0", "error: division by zero"},
              {"1 % 0", "error: modulus by zero"},
              {"1.0 / 0.0", "+Inf"},
              {"-7 / 2", "-3"},
              {"-7 % 2", "-1"},
              {"'a' + 'b'", "'ab'"},
              {"[1] + [2] == [1, 2]", "true"}});
}

TEST(CelLanguage, Numbers_of_different_types_compare_by_what_they_stand_for) {
  expect_all({{"dyn(1) == 1.0", "true"},
              {"dyn(1u) == 1", "true"},
              {"9223372036854775807 < 9223372036854775808.0", "true"},
              {"dyn(9007199254740993) == 9007199254740992.0", "false"},
              {"1u > -1", "true"},
              {"dyn('a') == 1", "false"},
              {"{1: 'a'}[1] == 'a'", "true"},
              {"dyn({1: 'a'})[1u]", "'a'"},
              {"0.0 / 0.0 == 0.0 / 0.0", "false"},
              {"[1, 2] == [1.0, 2.0]",
               "ERROR: <input>:1:8: found no matching overload for '_==_' applied to '(list(int), "
               "list(double))'\n | [1, 2] == [1.0, 2.0]\n | .......^"}});
}

TEST(CelLanguage, An_error_is_forgotten_when_another_term_decides) {
  expect_all({{"false && 1 / 0 > 0", "false"},
              {"1 / 0 > 0 && false", "false"},
              {"1 / 0 > 0 || true", "true"},
              {"1 / 0 > 0 || false", "error: division by zero"},
              {"true && 1 / 0 > 0", "error: division by zero"},
              {"true ? 1 : 1 / 0", "1"},
              {"[1, 0].exists(x, 1 / x == 1)", "true"},
              {"[0, 2].all(x, 1 / x == 1)", "false"},
              {"[0, 1].exists(x, 4 / x == 2)", "error: division by zero"}});
}

TEST(CelLanguage, Macros_loop_over_lists_and_maps) {
  expect_all({{"[1, 2, 3].all(x, x > 0)", "true"},
              {"[1, 2, 2].exists_one(x, x == 2)", "false"},
              {"[1, 2, 3].map(x, x * 2) == [2, 4, 6]", "true"},
              {"[1, 2, 3].map(x, x > 1, x * 2) == [4, 6]", "true"},
              {"[1, 2, 3].filter(x, x % 2 == 1) == [1, 3]", "true"},
              {"{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])", "true"},
              {"{'a': 1}.exists(k, v, k == 'a' && v == 1)", "true"},
              {"[5, 6].transformList(i, v, i + v) == [5, 7]", "true"},
              {"[5, 6].transformMap(i, v, v * 2) == {0: 10, 1: 12}", "true"},
              {"{'a': 'b'}.transformMapEntry(k, v, {v: k}) == {'b': 'a'}", "true"},
              {"[[1, 2], [3]].all(l, l.all(x, x < 4))", "true"},
              {"[[1], [2]].map(l, l.map(x, x + 1)[0]) == [2, 3]", "true"},
              {"has({'a': 1}.a) && !has({'a': 1}.b)", "true"},
              {"[3, 1, 2].sortBy(x, -x) == [3, 2, 1]", "true"}});
}

TEST(CelLanguage, Optional_values_are_chained_and_unwrapped) {
  expect_all({{"{'a': 1}.?a.orValue(2)", "1"},
              {"{'a': 1}.?b.orValue(2)", "2"},
              {"{'a': {'b': 1}}.?a.b.hasValue()", "true"},
              {"{'a': {'b': 1}}.?x.b.hasValue()", "false"},
              {"[1, 2][?5].hasValue()", "false"},
              {"optional.of(1).optMap(x, x + 1).value()", "2"},
              {"optional.none().optMap(x, x).hasValue()", "false"},
              {"optional.none().value()", "error: optional.none() dereference"},
              {"optional.none().or(optional.of(3)).value()", "3"},
              {"[?optional.of(1), ?optional.none(), 2] == [1, 2]", "true"},
              {"{?'a': optional.none()} == {}", "true"},
              {"optional.ofNonZeroValue('').hasValue()", "false"},
              {"optional.of(1).orValue(1 / 0)", "1"},
              {"[1, 2].first().value() + [1, 2].last().value()", "3"},
              {"[optional.of(1), optional.none()].unwrapOpt() == [1]", "true"}});
}

TEST(CelLanguage, Conversions_say_what_does_not_convert) {
  expect_all({{"int('42') + int(1.9) + int(2u)", "45"},
              {"int('x' + '')", "error: type conversion error from 'string' to 'int'"},
              {"int(1e19 + 0.0)", "error: integer overflow"},
              {"uint(-1 + 0)", "error: unsigned integer overflow"},
              {"string(1.5) + string(true) + string(b'x')", "'1.5truex'"},
              {"string(b'\\xff' + b'')", "error: invalid UTF-8 in bytes, cannot convert to string"},
              // What can never succeed is refused before it runs.
              {"int('x')", "type conversion error from 'string' to 'int'"},
              {"double('1e2')", "100"},
              {"bool('true')", "true"},
              {"type(1) == int && type('') == string && type([]) == list", "true"},
              {"type(duration('1s')) == google.protobuf.Duration", "true"},
              {"string(duration('1h30m'))", "'5400s'"},
              {"timestamp('2024-02-29T12:00:00.5+01:00')", "2024-02-29T11:00:00.5Z"}});
}

TEST(CelLanguage, Times_have_parts_and_bounds) {
  expect_all(
      {{"timestamp('2009-02-13T23:31:30Z').getFullYear()", "2009"},
       {"timestamp('2009-02-13T23:31:30Z').getMonth()", "1"},
       {"timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "12"},
       {"timestamp('2009-02-13T23:31:30Z').getDate()", "13"},
       {"timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "5"},
       {"timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "43"},
       {"timestamp('2009-02-13T23:31:30Z').getHours('+01:00')", "0"},
       {"timestamp('2009-02-13T23:31:30Z').getHours('Europe/Rome')",
        "ERROR: <input>:1:44: unsupported time zone 'Europe/Rome': this server knows UTC and "
        "offsets such as '+02:00'\n | timestamp('2009-02-13T23:31:30Z').getHours('Europe/Rome')\n "
        "| ...........................................^"},
       {"timestamp('2009-02-13T23:31:30Z').getHours('Europe/' + 'Rome')",
        "error: unsupported time zone 'Europe/Rome': this server knows UTC and offsets such "
        "as '+02:00'"},
       {"timestamp('2024-01-01T00:00:00Z') - timestamp('2023-12-31T00:00:00Z') == "
        "duration('24h')",
        "true"},
       {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error: timestamp overflow"},
       {"duration('90m').getHours()", "1"},
       {"duration('1ms').getMilliseconds()", "1"}});
}

TEST(CelLanguage, Findings_are_worded_and_marked_as_cel_go_does) {
  expect_all(
      {{"x", "ERROR: <input>:1:1: undeclared reference to 'x' (in container '')\n | x\n | ^"},
       {"1 + 'a'",
        "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 "
        "+ 'a'\n | ..^"},
       {"'a'.foo()",
        "ERROR: <input>:1:8: undeclared reference to 'foo' (in container '')\n | 'a'.foo()\n | "
        ".......^"},
       {"'a'.size(1)",
        "ERROR: <input>:1:9: found no matching overload for 'size' applied to 'string.(int)'\n | "
        "'a'.size(1)\n | ........^"},
       {"1 +",
        "ERROR: <input>:1:4: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', "
        "'-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, "
        "IDENTIFIER}\n | 1 +\n | ...^"},
       {"[1, 'a']",
        "ERROR: <input>:1:5: expected type 'int' but found 'string'\n | [1, 'a']\n | ....^"},
       {"'a'.matches('(')",
        "ERROR: <input>:1:13: invalid matches argument\n | 'a'.matches('(')\n | ............^"},
       {"duration('1') == duration('1s')",
        "ERROR: <input>:1:10: invalid duration argument\n | duration('1') == duration('1s')\n | "
        ".........^"},
       {"[1].all(1, true)",
        "ERROR: <input>:1:9: argument must be a simple name\n | [1].all(1, true)\n | ........^"},
       {"1.all(x, true)",
        "ERROR: <input>:1:1: expression of type 'int' cannot be range of a comprehension (must be "
        "list, map, or dynamic)\n | 1.all(x, true)\n | ^"},
       {"if == 1", "ERROR: <input>:1:1: reserved identifier: if\n | if == 1\n | ^"}});
}

TEST(CelLanguage, Depth_and_size_are_bounded) {
  const std::string deep = std::string(5000, '(') + "1" + std::string(5000, ')');
  EXPECT_NE(evaluated(deep).find("recursion limit exceeded"), std::string::npos);
  std::string chain = "1";
  for (int i = 0; i < 5000; ++i)
    chain += "+1";
  EXPECT_NE(evaluated(chain).find("recursion limit exceeded"), std::string::npos);
  std::string wide = "true";
  for (int i = 0; i < 5000; ++i)
    wide += "&&true";
  EXPECT_EQ(evaluated(wide), "true");
  EXPECT_NE(evaluated(std::string(200'000, '1')).find("code point size exceeds limit"),
            std::string::npos);
  // Each level doubles what the one before made.
  std::string doubling = "[1]";
  for (int i = 0; i < 40; ++i)
    doubling = "[" + doubling + "].map(x, x + x)[0]";
  EXPECT_EQ(evaluated("size(" + doubling + ") > 0"),
            "error: operation cancelled: actual cost limit exceeded");
}

TEST(CelLanguage, What_costs_too_much_is_cancelled) {
  const std::string list = "lists.range(1000)";
  const std::string source =
      list + ".all(a, " + list + ".all(b, " + list + ".all(c, a + b + c >= 0)))";
  std::string problem;
  const auto program = Program::compile(source, {}, problem);
  ASSERT_TRUE(program) << problem;
  const Outcome outcome = program->evaluate({});
  EXPECT_TRUE(outcome.cancelled);
  EXPECT_GT(outcome.cost, limits::kCallCostMax);
  EXPECT_LT(outcome.cost, limits::kCallCostMax + 100);
  EXPECT_EQ(outcome.value.as_text(), "operation cancelled: actual cost limit exceeded");
}

TEST(CelLanguage, A_minus_behind_a_not_is_of_a_number_only) {
  expect_all({{"!(-1 > 0)", "true"}});
  for (const char* wrong : {"!-z", "[!-'a']", "!-", "!-true"})
    EXPECT_TRUE(evaluated(wrong).starts_with("ERROR: <input>:1:"))
        << wrong << ": " << evaluated(wrong);
}

}  // namespace
}  // namespace charter::cel::test
