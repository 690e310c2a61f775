#include "controller/object/value.h"

#include "controller/base/limits.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace charter {
namespace {

std::string repeat(const std::string& text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

/// What goes in, and what encode() gives back.
struct RoundRow {
  const char* in;
  const char* out;
};

TEST(Json, Numbers_come_back_as_go_prints_them) {
  const RoundRow rows[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"1.0", "1"},
      {"1.5", "1.5"},
      {"-2.50", "-2.5"},
      {"1e5", "100000"},
      {"1E2", "100"},
      {"0.1", "0.1"},
      {"1e-8", "1e-8"},
      {"1e-7", "1e-7"},
      {"0.000001", "0.000001"},
      {"1.5e-10", "1.5e-10"},
      {"1e20", "100000000000000000000"},
      {"1e21", "1e+21"},
      {"1e300", "1e+300"},
      {"9007199254740993", "9007199254740993"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "18446744073709552000"},
  };
  for (const RoundRow& row : rows) {
    const auto tree = parse_json(row.in);
    ASSERT_TRUE(tree) << row.in;
    EXPECT_EQ(encode(*tree), row.out) << row.in;
  }
}

TEST(Json, Integers_within_int64_are_signed_integers_however_they_were_written) {
  for (const char* text : {"5", "5.0", "0.5e1"}) {
    EXPECT_TRUE(parse_json(text)->is_number_integer()) << text;
    EXPECT_FALSE(parse_json(text)->is_number_unsigned()) << text;
  }
  EXPECT_TRUE(parse_json("1.5")->is_number_float());
}

TEST(Json, Keys_are_sorted_and_white_space_goes) {
  EXPECT_EQ(encode(*parse_json(" { \"b\" : [ 1 , true , null ] ,\n\"a\":\"x\" } ")),
            "{\"a\":\"x\",\"b\":[1,true,null]}");
}

TEST(Json, Strings_are_escaped_only_where_json_asks_for_it) {
  const Json tree = "a\"b\\c\b\f\n\r\t\x01\x1f/<>&\u00e4\u20ac\U0001F600\x7f";
  EXPECT_EQ(encode(tree),
            "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u001f/<>&\u00e4\u20ac\U0001F600\x7f\"");
  EXPECT_EQ(parse_json(encode(tree)), tree);
}

TEST(Json, Broken_utf8_built_by_the_program_is_replaced_and_never_stored) {
  EXPECT_EQ(encode(Json("a\xff"
                        "b\xc3")),
            "\"a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD\"");
  EXPECT_TRUE(parse_json(encode(Json{{"\xed\xa0\x80", 1}})));
}

TEST(Json, A_number_that_is_not_finite_is_written_as_null) {
  EXPECT_EQ(encode(Json(std::nan(""))), "null");
  EXPECT_EQ(encode(Json(HUGE_VAL)), "null");
}

TEST(Json, Surrogate_pairs_make_one_character) {
  EXPECT_EQ(*parse_json("\"\\ud83d\\ude00\""), "\U0001F600");
}

struct RefusalRow {
  std::string text;
  const char* message;
};

TEST(Json, Bad_documents_are_refused_with_their_place) {
  const RefusalRow rows[] = {
      {"", "unexpected end of JSON input at offset 0 (line 1, column 1)"},
      {"{\"a\":", "unexpected end of JSON input at offset 5 (line 1, column 6)"},
      {"{\"a\": 1,\n \"b\": }", "invalid character '}' at offset 15 (line 2, column 7)"},
      {"{} x", "invalid character 'x' at offset 3 (line 1, column 4)"},
      {"NaN", "invalid character 'N' at offset 0 (line 1, column 1)"},
      {"\"a\nb\"", "invalid character '\\n' at offset 2 (line 1, column 3)"},
      {"1e999", "number 1e999 is out of range at offset 4 (line 1, column 5)"},
      {"[-1e999]", "number -1e999 is out of range"},
      {"01", "invalid character '1'"},
      {"'a'", "invalid character '\\''"},
      {"{a: 1}", "invalid character 'a'"},
      {"[1,]", "invalid character ']'"},
      {"\"\\ud800\"", "invalid character"},
      {"\"\\udc00\"", "invalid character"},
      {"\"\\ud800\\u0041\"", "invalid character"},
      {"\xEF\xBB\xBF{}", "byte order mark is not allowed at offset 0"},
      {std::string("{\"a\":\"\0\"}", 9), "NUL byte is not allowed at offset 6"},
      {"\"\xff\"", "invalid UTF-8 at offset 1"},
      {"\"\xc0\xaf\"", "invalid UTF-8 at offset 1"},
      {"\"\xe0\x80\xaf\"", "invalid UTF-8 at offset 1"},
      {"\"\xf0\x80\x80\xaf\"", "invalid UTF-8 at offset 1"},
      {"\"\xed\xa0\x80\"", "invalid UTF-8 at offset 1"},
      {"\"\xf4\x90\x80\x80\"", "invalid UTF-8 at offset 1"},
      {"\"\xf5\x80\x80\x80\"", "invalid UTF-8 at offset 1"},
      {"\"\xc3", "invalid UTF-8 at offset 1"},
      {repeat("[", 100'000), "nesting is deeper than 64 levels at offset 64"},
      {repeat("{\"a\":", 65), "nesting is deeper than 64 levels"},
  };
  for (const RefusalRow& row : rows) {
    const auto tree = parse_json(row.text);
    ASSERT_FALSE(tree) << row.text.substr(0, 40);
    EXPECT_EQ(tree.error().code, Code::BadRequest);
    EXPECT_EQ(tree.error().message.substr(0, std::string(row.message).size()), row.message)
        << row.text.substr(0, 40);
  }
}

TEST(Json, Depth_counts_brackets_outside_strings_only) {
  const size_t depth = limits::kDocumentDepthMax;
  EXPECT_TRUE(parse_json(repeat("[", depth) + repeat("]", depth)));
  EXPECT_FALSE(parse_json(repeat("[", depth + 1) + repeat("]", depth + 1)));
  EXPECT_TRUE(parse_json("\"" + repeat("[{", 1000) + "\\\"" + repeat("[", 1000) + "\""));
  EXPECT_TRUE(parse_json("[" + repeat("[],", 1000) + "[]]"));
}

TEST(Json, Repeated_keys_are_found_with_their_paths_and_the_last_value_wins) {
  std::vector<std::string> duplicates;
  const auto tree = parse_json(
      R"({"spec":{"size":1,"size":{"a":1},"size":2,"items":[{"name":"a"},{"name":"b","name":"c"}],"x":{"y":1}},
          "kind":"A","kind":"B"})",
      &duplicates);
  ASSERT_TRUE(tree);
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.size", "spec.items[1].name", "kind"}));
  EXPECT_EQ(encode(*tree),
            R"({"kind":"B","spec":{"items":[{"name":"a"},{"name":"c"}],"size":2,"x":{"y":1}}})");
}

TEST(Json, A_repeated_object_is_replaced_and_not_merged) {
  EXPECT_EQ(encode(*parse_json(R"({"a":{"x":1},"a":{"y":2}})")), R"({"a":{"y":2}})");
}

TEST(Json, Equal_names_in_different_objects_are_no_duplicates) {
  std::vector<std::string> duplicates;
  ASSERT_TRUE(parse_json(R"([{"a":1,"b":{"a":2}},{"a":3}])", &duplicates));
  EXPECT_TRUE(duplicates.empty());
}

TEST(Json, A_flood_of_duplicates_is_reported_up_to_a_bound) {
  std::string text = "{";
  for (int i = 0; i < 500; ++i) {
    const std::string key = "\"k" + std::to_string(i) + "\":1,";
    text += key + key;
  }
  std::vector<std::string> duplicates;
  ASSERT_TRUE(parse_json(text + "\"z\":1}", &duplicates));
  EXPECT_EQ(duplicates.size(), limits::kCausesMax);
}

TEST(Value, Paths_lead_to_members_and_never_add_any) {
  const Json tree = *parse_json(
      R"({"spec":{"name":"x","size":3,"on":true,"list":[1],"big":18446744073709551615}})");
  const Json before = tree;
  EXPECT_EQ(*at(tree, {"spec", "size"}), 3);
  EXPECT_EQ(at(tree, {}), &tree);
  EXPECT_EQ(at(tree, {"spec", "none"}), nullptr);
  EXPECT_EQ(at(tree, {"spec", "name", "deeper"}), nullptr);
  EXPECT_EQ(at(tree, {"spec", "list", "0"}), nullptr);
  EXPECT_EQ(text_at(tree, {"spec", "name"}), "x");
  EXPECT_EQ(text_at(tree, {"spec", "size"}), "");
  EXPECT_EQ(int_at(tree, {"spec", "size"}), 3);
  EXPECT_EQ(int_at(tree, {"spec", "name"}), std::nullopt);
  EXPECT_EQ(int_at(tree, {"spec", "big"}), std::nullopt);
  EXPECT_TRUE(flag_at(tree, {"spec", "on"}, false));
  EXPECT_TRUE(flag_at(tree, {"spec", "off"}, true));
  EXPECT_FALSE(flag_at(tree, {"spec", "size"}, false));
  EXPECT_EQ(tree, before);
}

TEST(Json, Values_are_counted_outside_strings_before_a_tree_is_built) {
  const auto list = [](size_t values) {
    std::string text = "[1";
    for (size_t i = 1; i < values; ++i)
      text += ",1";
    return text + "]";
  };
  EXPECT_TRUE(parse_json(list(limits::kDocumentNodesMax)));
  const auto refused = parse_json(list(limits::kDocumentNodesMax + 1));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("document has more than 250000 values at offset"),
            std::string::npos)
      << refused.error().message;
  EXPECT_TRUE(parse_json("\"" + std::string(1'000'000, ',') + std::string(1'000'000, '[') + "\""));
}

}  // namespace
}  // namespace charter
