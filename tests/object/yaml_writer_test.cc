#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

struct Row {
  const char* json;
  const char* yaml;
};

TEST(YamlWriter, Prints_blocks_as_kubectl_does) {
  const Row rows[] = {
      {R"({"a":1,"b":{"c":"x","d":[]},"e":{}})", "a: 1\nb:\n  c: x\n  d: []\ne: {}\n"},
      {R"({"list":["a",{"b":1,"c":[2,3]},[4,[5]]]})",
       "list:\n- a\n- b: 1\n  c:\n  - 2\n  - 3\n- - 4\n  - - 5\n"},
      {R"([{"a":{"b":1}}])", "- a:\n    b: 1\n"},
      {R"({"text":"one\ntwo\n"})", "text: |\n  one\n  two\n"},
      {R"({"text":"one\n\n  two"})", "text: |-\n  one\n\n    two\n"},
      {R"({"text":"one\n\n"})", "text: |+\n  one\n\n"},
      {R"(["a\nb"])", "- |-\n  a\n  b\n"},
      {R"({"a":null,"b":true,"c":1.5,"d":""})", "a: null\nb: true\nc: 1.5\nd: \"\"\n"},
      {R"("x")", "x\n"},
      {R"({})", "{}\n"},
      {R"(null)", "null\n"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(to_yaml(*parse_json(row.json)), row.yaml) << row.json;
}

TEST(YamlWriter, Quotes_every_text_that_would_come_back_as_something_else) {
  const char* quoted[] = {"yes",   "no",   "true",       "null",    "~",    "123",  "1e3", "0x10",
                          "1_000", "017",  "1:30",       "",        ".inf", ".5",   "y",   "- a",
                          "a: b",  "a #b", "2001-01-01", "#x",      "*x",   "&x",   "!x",  "|",
                          "%x",    "@x",   "`x",         "{x",      "[x",   "a:",   "a ",  " a",
                          "---",   "...",  "<<",         "-rf",     "\t",   "a\tb", "'x'", "\"x\"",
                          "=",     "? x",  ",x",         "12:30:45"};
  for (const char* text : quoted) {
    const std::string yaml = to_yaml(Json{{"v", text}});
    EXPECT_EQ(yaml.substr(0, 4), "v: \"") << yaml;
    EXPECT_EQ(parse_yaml(yaml), (Json{{"v", text}})) << yaml;
    const Json as_key = Json{{text, 1}};
    EXPECT_EQ(parse_yaml(to_yaml(as_key)), as_key) << to_yaml(as_key);
  }
}

TEST(YamlWriter, Leaves_ordinary_text_without_quotes) {
  const char* plain[] = {"nginx:1.25",     "web-1",     "a b c", "/var/lib", "10.0.0.1/24", "v1",
                         "charter.dev/v1", "gr\u00fcn", "it's",  "a#b",      "5s",          "8GB"};
  for (const char* text : plain) {
    EXPECT_EQ(to_yaml(Json{{"v", text}}), "v: " + std::string(text) + "\n");
    EXPECT_EQ(parse_yaml("v: " + std::string(text)), (Json{{"v", text}}));
  }
}

TEST(YamlWriter, Whatever_is_printed_is_read_back_as_the_same_tree) {
  const Json texts[] = {
      "a\nb",     "\n",       "a\n",    "a\n\n\n",    " a\nb",  "a\n b\n",
      "a\n  \nb", "a\n\tb",   "a\r\nb", "a\n#b\n",    "\u0085", "\u2028x",
      "\uFEFFx",  "\x7f",     "\u20ac", "\U0001F600", "x: |\n", "a\n---\nb\n",
      "a\n...\n", "\x01\x02", "\\",     "\"",         "a\n  b", std::string(5000, 'k')};
  for (const Json& text : texts) {
    const Json trees[] = {text,
                          Json{{"k", text}},
                          Json{{"k", {text, {{"n", text}}}}},
                          Json::array({text, Json::array({text})}),
                          Json{{text.get<std::string>(), {{"deep", text}}}},
                          Json{{text.get<std::string>(), Json::array({text})}}};
    for (const Json& tree : trees) {
      const auto back = parse_yaml(to_yaml(tree));
      ASSERT_TRUE(back) << to_yaml(tree) << back.error().message;
      EXPECT_EQ(*back, tree) << to_yaml(tree);
    }
  }
}

TEST(YamlWriter, Numbers_survive) {
  for (const char* text : {"0", "-5", "1.5", "-0.25", "1e-8", "1e+21", "18446744073709551615",
                           "9223372036854775807", "100000000000000000000"}) {
    const Json number = *parse_json(text);
    EXPECT_EQ(parse_yaml(to_yaml(Json{{"v", number}})), (Json{{"v", number}})) << text;
  }
}

}  // namespace
}  // namespace charter
