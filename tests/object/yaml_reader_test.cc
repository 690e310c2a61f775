#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

struct Row {
  const char* yaml;
  const char* json;
};

/// Taken from kubectl 1.32 (`kubectl label --local -f … -o json`), but for the tags.
constexpr Row kTruthTable[] = {
    {"y", "true"},
    {"Y", "true"},
    {"yes", "true"},
    {"Yes", "true"},
    {"YES", "true"},
    {"on", "true"},
    {"On", "true"},
    {"ON", "true"},
    {"true", "true"},
    {"True", "true"},
    {"TRUE", "true"},
    {"n", "false"},
    {"N", "false"},
    {"no", "false"},
    {"No", "false"},
    {"NO", "false"},
    {"off", "false"},
    {"Off", "false"},
    {"OFF", "false"},
    {"false", "false"},
    {"False", "false"},
    {"FALSE", "false"},
    {"tRue", "\"tRue\""},
    {"~", "null"},
    {"null", "null"},
    {"Null", "null"},
    {"NULL", "null"},
    {"", "null"},
    {"017", "15"},
    {"0o17", "15"},
    {"0x1F", "31"},
    {"0b101", "5"},
    {"-0x1F", "-31"},
    {"1_000", "1000"},
    {"1_0.5", "10.5"},
    {"+12", "12"},
    {"-12", "-12"},
    {"08", "8"},
    {"0123456789", "123456789"},
    {".5", "0.5"},
    {"1.", "1"},
    {"1e3", "1000"},
    {"1.10", "1.1"},
    {"-1.5e-3", "-0.0015"},
    {"1:30", "\"1:30\""},
    {"2001-01-01", "\"2001-01-01\""},
    {"2001-12-14t21:59:43.10-05:00", "\"2001-12-14t21:59:43.10-05:00\""},
    {"=", "\"=\""},
    {"'yes'", "\"yes\""},
    {"\"1\"", "\"1\""},
    {"\"null\"", "\"null\""},
    {"nan", "\"nan\""},
    {"0x", "\"0x\""},
    {"1e", "\"1e\""},
    {"1e999", "\"1e999\""},
    {"0b12", "\"0b12\""},
    {"--1", "\"--1\""},
    {".", "\".\""},
    {"9223372036854775807", "9223372036854775807"},
    {"-9223372036854775808", "-9223372036854775808"},
    {"18446744073709551615", "18446744073709551615"},
    {"!!int \"7\"", "7"},
    {"!!str 123", "\"123\""},
    {"!!float 1", "1"},
    {"!!bool yes", "true"},
    {"!!binary aGVsbG8=", "\"hello\""},
    {"!!python/object:os.system x", "\"x\""},
    {"!mine {a: 1}", "{\"a\":1}"},
    {"!mine text", "\"text\""},
};

TEST(Yaml, Scalars_mean_what_they_mean_to_kubernetes) {
  for (const Row& row : kTruthTable) {
    const auto tree = parse_yaml("v: " + std::string(row.yaml));
    ASSERT_TRUE(tree) << row.yaml << ": " << tree.error().message;
    EXPECT_EQ(encode(*tree), "{\"v\":" + std::string(row.json) + "}") << row.yaml;
  }
}

TEST(Yaml, Keys_follow_the_same_rules_and_become_strings) {
  const Row rows[] = {{"y: 2", R"({"true":2})"},
                      {"1: 2", R"({"1":2})"},
                      {"0x10: 2", R"({"16":2})"},
                      {"010: 2", R"({"8":2})"},
                      {"1e3: 2", R"({"1000":2})"},
                      {"1.5: 2", R"({"1.5":2})"},
                      {"no: 2", R"({"false":2})"},
                      {"'y': 2", R"({"y":2})"},
                      {"2001-01-01: 2", R"({"2001-01-01":2})"},
                      {"? a\n: 2", R"({"a":2})"},
                      {"\"a b\": 2", R"({"a b":2})"}};
  for (const Row& row : rows) {
    const auto tree = parse_yaml(row.yaml);
    ASSERT_TRUE(tree) << row.yaml;
    EXPECT_EQ(encode(*tree), row.json) << row.yaml;
  }
}

TEST(Yaml, Documents_of_all_shapes_are_read) {
  const Row rows[] = {
      {"a: 1\nb:\n- x\n- w: 2\n  z: 3\n", R"({"a":1,"b":["x",{"w":2,"z":3}]})"},
      {"a: |\n  one\n  two\n", R"({"a":"one\ntwo\n"})"},
      {"a: |", R"({"a":""})"},
      {"a: |\n  x", R"({"a":"x\n"})"},
      {"a: >-\n  one\n  two\n", R"({"a":"one two"})"},
      {"a:\t1", R"({"a":1})"},
      {"a: {b: [1, 2], c: 'd'}", R"({"a":{"b":[1,2],"c":"d"}})"},
      {"a: b # comment\n# more", R"({"a":"b"})"},
      {"--- {a: 1}\n", R"({"a":1})"},
      {"---\na: 1\n...\n", R"({"a":1})"},
      {"%YAML 1.1\n---\na: 1\n", R"({"a":1})"},
      {"a: don't [[[[\n", R"({"a":"don't [[[["})"},
      {"a: \"\\u263A \\x41\"", "{\"a\":\"\u263A A\"}"},
      {"plain", "\"plain\""},
      {"# nothing\n", "null"},
      {"", "null"},
      {"---\n---\n", "null"},
      {"{\"a\": \"\\ud83d\\ude00\"}", "{\"a\":\"\U0001F600\"}"},
      {"[1, two]", R"([1,"two"])"},
      {"{a: b}", R"({"a":"b"})"},
  };
  for (const Row& row : rows) {
    const auto tree = parse_yaml(row.yaml);
    ASSERT_TRUE(tree) << row.yaml << ": " << tree.error().message;
    EXPECT_EQ(encode(*tree), row.json) << row.yaml;
  }
}

TEST(Yaml, Anchors_and_merge_keys_are_expanded) {
  const Row rows[] = {
      {"a: &x [1, 2]\nb: *x", R"({"a":[1,2],"b":[1,2]})"},
      {"a: &x 1\nb: &x 2\nc: *x", R"({"a":1,"b":2,"c":2})"},
      {"&k a: 1\nb: *k", R"({"a":1,"b":"a"})"},
      {"x: &x {a: 1, b: 2}\nw: {<<: *x, b: 3}", R"({"w":{"a":1,"b":3},"x":{"a":1,"b":2}})"},
      {"x: &x {a: 1}\nz: &z {a: 2, c: 4}\nw:\n  <<: [*x, *z]\n  d: 5",
       R"({"w":{"a":1,"c":4,"d":5},"x":{"a":1},"z":{"a":2,"c":4}})"},
      {"'<<': 1", R"({"<<":1})"},
  };
  for (const Row& row : rows) {
    const auto tree = parse_yaml(row.yaml);
    ASSERT_TRUE(tree) << row.yaml << ": " << tree.error().message;
    EXPECT_EQ(encode(*tree), row.json) << row.yaml;
  }
}

TEST(Yaml, Repeated_keys_are_found_and_the_last_value_wins) {
  std::vector<std::string> duplicates;
  const auto tree =
      parse_yaml("spec:\n  size: 1\n  size: 2\n  items:\n  - name: a\n    name: b\n", &duplicates);
  ASSERT_TRUE(tree);
  EXPECT_EQ(duplicates, (std::vector<std::string>{"spec.size", "spec.items[0].name"}));
  EXPECT_EQ(encode(*tree), R"({"spec":{"items":[{"name":"b"}],"size":2}})");
  duplicates.clear();
  ASSERT_TRUE(parse_yaml("{\"a\": 1, \"a\": 2}", &duplicates));
  EXPECT_EQ(duplicates, std::vector<std::string>{"a"});
}

std::string laughs(int levels) {
  std::string text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= levels; ++i) {
    const std::string name = "l" + std::to_string(i);
    text += name + ": &" + name + " [";
    for (int j = 0; j < 10; ++j)
      text += (j == 0 ? "*l" : ", *l") + std::to_string(i - 1);
    text += "]\n";
  }
  return text;
}

/// Forty levels that end in an alias of forty more.
std::string deep_by_alias() {
  const std::string open(40, '[');
  const std::string close(40, ']');
  return "a: &a " + open + close + "\nb: " + open + "*a" + close;
}

std::string heavy_scalar() {
  std::string text = "a: &a " + std::string(500'000, 'x') + "\nb: [";
  for (int i = 0; i < 1000; ++i)
    text += i == 0 ? "*a" : ", *a";
  return text + "]";
}

struct RefusalRow {
  std::string yaml;
  const char* message;  // part of it
};

TEST(Yaml, Bad_documents_are_refused_and_end_quickly) {
  const RefusalRow rows[] = {
      {",", "yaml: line 1"},
      {"- a\nb: c", "yaml: line 1: did not find expected <document start>"},
      {"a: \"open", "found unexpected end of a quoted text"},
      {"a: 'open\n", "found unexpected end of a quoted text"},
      {"a: b: c", "yaml: line 1: mapping values are not allowed in this context"},
      {"a: 1\n b: 2", "yaml: line 2"},
      {"a: [1, 2", "yaml: line"},
      {"a: ]", "yaml: line 1"},
      {"a: @x", "yaml: line 1: found character that cannot start any token"},
      {"a: *unknown", "yaml: line 1: unknown anchor referenced"},
      {"a: &x [*x]", "yaml: line 1: an anchor's value contains itself"},
      {"~: 1", "yaml: line 1: a key must be a string, a number or a boolean"},
      {"{}: 1", "a key must be a string, a number or a boolean"},
      {"? [a]\n: 1", "a key must be a string, a number or a boolean"},
      {"a: .inf", "yaml: line 1: unsupported value: .inf"},
      {"a: -.INF", "unsupported value: -.INF"},
      {"a: .nan", "unsupported value: .nan"},
      {"a: !!int x", "cannot decode `x` as a !!int"},
      {"a: !!int 1.5", "cannot decode `1.5` as a !!int"},
      {"a: !!binary 'not-base64!'", "!!binary value contains invalid base64"},
      {"a: {<<: 1}", "map merge requires map or sequence of maps as the value"},
      {"a: 1\n---\nb: 2", "yaml: line 3: one document is expected, this is a second one"},
      {"a: \xff", "invalid UTF-8 at offset 3"},
      {std::string("a: \0", 4), "NUL byte is not allowed"},
      {"\xEF\xBB\xBFpath: 1", "byte order mark is not allowed"},
      {std::string(100'000, '['), "nesting is deeper than 64 levels"},
      {"a: " + std::string(100, '[') + std::string(100, ']'), "nesting is deeper than 64 levels"},
      {"a: " + std::string(5000, '{'), "yaml: line 1"},
      {deep_by_alias(), "yaml: line 2: nesting is deeper than 64 levels"},
      {laughs(9), "document contains excessive aliasing"},
      {heavy_scalar(), "document contains excessive aliasing"},
  };
  for (const RefusalRow& row : rows) {
    const auto tree = parse_yaml(row.yaml);
    ASSERT_FALSE(tree) << row.yaml.substr(0, 60) << " gave " << encode(*tree).substr(0, 60);
    EXPECT_EQ(tree.error().code, Code::BadRequest);
    EXPECT_NE(tree.error().message.find(row.message), std::string::npos)
        << row.yaml.substr(0, 60) << " gave " << tree.error().message;
  }
}

TEST(Yaml, A_few_aliases_are_no_bomb) {
  EXPECT_TRUE(parse_yaml(laughs(2)));
}

TEST(Yaml, Streams_are_cut_at_document_markers) {
  const auto trees = parse_yaml_stream(
      "# head\n---\na: 1\n---   # next\nb: |\n  ---x\n  text\n--- \n\n---\n# only a comment\n---\n"
      "{\"c\": 3}\n--- d\n...\n");
  ASSERT_TRUE(trees) << trees.error().message;
  ASSERT_EQ(trees->size(), 4U);
  EXPECT_EQ(encode((*trees)[0]), R"({"a":1})");
  EXPECT_EQ(encode((*trees)[1]), R"({"b":"---x\ntext\n"})");
  EXPECT_EQ(encode((*trees)[2]), R"({"c":3})");
  EXPECT_EQ(encode((*trees)[3]), R"("d")");
  EXPECT_TRUE(parse_yaml_stream("")->empty());
}

TEST(Yaml, Errors_in_a_stream_name_document_and_line) {
  const auto trees = parse_yaml_stream("a: 1\n---\nb: 2\n---\nc: 3\nd: [\n");
  ASSERT_FALSE(trees);
  EXPECT_EQ(trees.error().message.substr(0, 17), "document 3: yaml:");
  const auto endless = parse_yaml_stream("a: b\n---\n, c");
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().message.substr(0, 25), "document 2: yaml: line 3:");
}

std::string repeated(const std::string& text, size_t bytes) {
  std::string out;
  while (out.size() + text.size() <= bytes)
    out += text;
  return out;
}

TEST(Yaml, Too_many_tiny_documents_are_refused) {
  const auto trees = parse_yaml_stream(repeated("a\n---\n", 6 * 20'000));
  ASSERT_FALSE(trees);
  EXPECT_EQ(trees.error().message, "yaml: more than 10000 documents in one stream");
}

TEST(Yaml, Shapes_that_make_a_full_body_expensive_are_refused_before_a_parser_sees_them) {
  for (const char* shape : {"- a\n", "a\n---\n", "[", "{", "a,", "[],", "\n", "#\n", "- &a x\n",
                            "- *a\n", "- !!str a\n", "a: 1\n", "\"a\",\n"}) {
    const auto tree = parse_yaml("x: " + repeated(shape, limits::kBodyBytesMax - 3));
    ASSERT_FALSE(tree) << shape;
    // Only the linear scan knows offsets: a parser's errors name lines.
    EXPECT_NE(tree.error().message.find("document has more than 250000 lines and values at offset"),
              std::string::npos)
        << shape << tree.error().message;
  }
}

TEST(Yaml, A_large_honest_document_is_read) {
  std::string text = "list:\n";
  while (text.size() < limits::kObjectBytesMax)
    text += "- name: some name\n  type: string\n";
  const auto tree = parse_yaml(text);
  ASSERT_TRUE(tree) << tree.error().message;
  EXPECT_EQ(tree->at("list").size(), (text.size() - 6) / 33);
}

TEST(Yaml, Windows_line_ends_are_line_ends) {
  EXPECT_EQ(encode(*parse_yaml("a: 1\r\nb:\r\n- x\r\n")), R"({"a":1,"b":["x"]})");
  EXPECT_EQ(parse_yaml_stream("a: 1\r\n---\r\nb: 2\r\n")->size(), 2U);
}

}  // namespace
}  // namespace charter
