#include "controller/object/json_view.h"

#include "controller/base/random.h"
#include "controller/object/value.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

Json random_tree(Random& random, int depth) {
  const std::string texts[] = {"",  "a", "\"", "\\", "\\\"",   "x\\",       "{",
                               "]", ",", ":",  "\n", "\u00fc", "a\"b,c:{d}"};
  switch (random_below(random, depth > 0 ? 6 : 4)) {
    case 0:
      return texts[random_below(random, std::size(texts))];
    case 1:
      return static_cast<int64_t>(random_below(random, 1000)) - 500;
    case 2:
      return random_below(random, 2) == 0;
    case 3:
      return nullptr;
    case 4: {
      Json list = Json::array();
      for (size_t i = random_below(random, 4); i > 0; --i)
        list.push_back(random_tree(random, depth - 1));
      return list;
    }
    default: {
      Json object = Json::object();
      for (size_t i = random_below(random, 5); i > 0; --i) {
        object[texts[random_below(random, std::size(texts))]] = random_tree(random, depth - 1);
      }
      return object;
    }
  }
}

/// The tree put together again from what the views show.
Json seen(std::string_view text) {
  if (text.front() == '{') {
    Json object = Json::object();
    const JsonView view(text);
    for (const auto& [key, value] : view.members()) {
      object[parse_json(key)->get<std::string>()] = seen(value);
      EXPECT_EQ(json_member(text, key), value);
      EXPECT_EQ(JsonView(text).member(json_key(parse_json(key)->get<std::string>())), value);
    }
    return object;
  }
  if (text.front() == '[') {
    Json list = Json::array();
    each_json_element(text, [&](std::string_view element) {
      list.push_back(seen(element));
      return true;
    });
    return list;
  }
  return *parse_json(text);
}

TEST(JsonView, Shows_every_encoded_tree_as_a_parser_would) {
  SeededRandom random(5);
  for (int i = 0; i < 2'000; ++i) {
    const Json tree = random_tree(random, 5);
    const std::string text = encode(tree);
    ASSERT_EQ(seen(text), tree) << text;
  }
}

TEST(JsonView, What_is_not_there_is_empty) {
  EXPECT_EQ(json_member(R"({"a":1})", json_key("b")), "");
  EXPECT_EQ(json_member(R"({"a":{"b":1}})", json_key("b")), "");
  for (const char* text : {"", "[]", "[1]", "1", "null", "\"a\"", "{}"}) {
    EXPECT_TRUE(JsonView(text).member(json_key("a")).empty()) << text;
    EXPECT_EQ(json_member(text, json_key("a")), "") << text;
  }
}

TEST(JsonView, Elements_end_when_nobody_wants_more) {
  int seen_elements = 0;
  each_json_element("[1,2,3]", [&](std::string_view) { return ++seen_elements < 2; });
  EXPECT_EQ(seen_elements, 2);
}

}  // namespace
}  // namespace charter
