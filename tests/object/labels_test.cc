#include "controller/object/labels.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter {
namespace {

const Pairs kLabels = {
    {"app", "shop"}, {"count", "7"}, {"empty", ""}, {"in", "x"}, {"tier", "web"}};

struct Row {
  const char* text;
  const char* canonical;
  bool matches;
};

TEST(LabelSelector, Means_what_it_means_to_kubernetes) {
  const Row rows[] = {
      {"", "", true},
      {"   ", "", true},
      {"app=shop", "app=shop", true},
      {"app==shop", "app=shop", true},
      {" app = shop ", "app=shop", true},
      {"app=other", "app=other", false},
      {"app!=other", "app!=other", true},
      {"app!=shop", "app!=shop", false},
      {"absent!=x", "absent!=x", true},
      {"app in (a,shop)", "app in (a,shop)", true},
      {"app in (shop,a,a)", "app in (a,shop)", true},
      {"app in (a)", "app=a", false},
      {"app notin (a,b)", "app notin (a,b)", true},
      {"app notin (a,shop)", "app notin (a,shop)", false},
      {"absent notin (a,b)", "absent notin (a,b)", true},
      {"app", "app", true},
      {"absent", "absent", false},
      {"!app", "!app", false},
      {"!absent", "!absent", true},
      {"! absent", "!absent", true},
      {"count>6", "count>6", true},
      {"count>7", "count>7", false},
      {"count<8", "count<8", true},
      {"app>1", "app>1", false},
      {"absent>1", "absent>1", false},
      {"empty=", "empty=", true},
      {"absent=", "absent=", false},
      {"empty in (,a)", "empty in (,a)", true},
      {"empty in (a,)", "empty in (,a)", true},
      {"in", "in", true},
      {"in in (x,y)", "in in (x,y)", true},
      {"tier=web,app=shop", "app=shop,tier=web", true},
      {"tier=web,app=other", "app=other,tier=web", false},
      {"example.com/a=b", "example.com/a=b", false},
  };
  for (const Row& row : rows) {
    const auto selector = Selector::parse_labels(row.text);
    ASSERT_TRUE(selector) << row.text << ": " << selector.error().message;
    EXPECT_EQ(selector->to_string(), row.canonical);
    EXPECT_EQ(selector->matches(kLabels), row.matches) << row.text;
    EXPECT_EQ(selector->empty(), std::string(row.canonical).empty());
    const auto again = Selector::parse_labels(selector->to_string());
    ASSERT_TRUE(again) << row.canonical;
    EXPECT_EQ(again->to_string(), row.canonical);
  }
}

TEST(LabelSelector, Errors_have_kubernetes_texts) {
  const std::string unable = "unable to parse requirement: ";
  const std::pair<std::string, std::string> rows[] = {
      {"a in (", unable + "found '', expected: ',', ')' or identifier"},
      {"a in", unable + "found '' expected: '('"},
      {"a in (b", unable + "found '', expected: ',' or ')'"},
      {"a in (b c)", unable + "found 'c', expected: ',' or ')'"},
      {"a in ()",
       unable +
           "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"},
      {"a b", unable + "found 'b', expected: in, notin, =, ==, !=, gt, lt"},
      {"a=b=c", "found '=', expected: ',' or 'end of string'"},
      {"a=!", unable + "found '!', expected: identifier"},
      {"a,", "found '', expected: identifier after ','"},
      {"a,,b", "found ',', expected: identifier after ','"},
      {",a", "found ',', expected: !, identifier, or 'end of string'"},
      {"=a", "found '=', expected: !, identifier, or 'end of string'"},
      {"!", unable + "found '', expected: identifier"},
      {"!!a", unable + "found '!', expected: identifier"},
      {"!a=b", "found '=', expected: ',' or 'end of string'"},
      {"a>b", unable + "values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must "
                       "be an integer"},
      {"a>", unable + "values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be "
                      "an integer"},
      {"-a=b",
       unable + "<nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters"},
      {"a=-b",
       unable + "values[0][a]: Invalid value: \"-b\": a valid label must be an empty string"},
      {"a/b/c", unable + "<nil>: Invalid value: \"a/b/c\": a valid label key must consist of"},
  };
  for (const auto& [text, message] : rows) {
    const auto selector = Selector::parse_labels(text);
    ASSERT_FALSE(selector) << text;
    EXPECT_EQ(selector.error().code, Code::BadRequest);
    EXPECT_EQ(selector.error().message.substr(0, message.size()), message) << text;
  }
}

TEST(LabelSelector, Size_and_number_of_values_are_bounded) {
  EXPECT_FALSE(Selector::parse_labels(std::string(100 * 1024, 'a')));
  std::string list = "a in (v0";
  for (int i = 1; i < 5000; ++i)
    list += ",v" + std::to_string(i);
  const auto selector = Selector::parse_labels(list + ")");
  ASSERT_FALSE(selector);
  EXPECT_NE(selector.error().message.find("more than 1000"), std::string::npos);
  std::string terms = "a0";
  for (int i = 1; i < 2000; ++i)
    terms += ",a" + std::to_string(i);
  EXPECT_FALSE(Selector::parse_labels(terms));
  EXPECT_FALSE(Selector::parse_fields(terms));
}

TEST(LabelSelector, Is_read_from_a_label_selector_document) {
  const Json document = {{"matchLabels", {{"tier", "web"}, {"app", "shop"}}},
                         {"matchExpressions",
                          {{{"key", "count"}, {"operator", "NotIn"}, {"values", {"8", "9"}}},
                           {{"key", "in"}, {"operator", "Exists"}},
                           {{"key", "gone"}, {"operator", "DoesNotExist"}, {"values", nullptr}},
                           {{"key", "app"}, {"operator", "In"}, {"values", {"shop", "mall"}}}}}};
  const auto selector = Selector::from_json(document);
  ASSERT_TRUE(selector) << selector.error().message;
  EXPECT_EQ(selector->to_string(),
            "app=shop,app in (mall,shop),count notin (8,9),!gone,in,tier=web");
  EXPECT_TRUE(selector->matches(kLabels));
  EXPECT_TRUE(Selector::from_json(Json::object())->empty());
}

TEST(LabelSelector, Broken_documents_are_refused) {
  const char* rows[] = {"null",
                        "[]",
                        R"({"matchLabels":[]})",
                        R"({"matchLabels":{"a":1}})",
                        R"({"matchLabels":{"-a":"b"}})",
                        R"({"matchLabels":{"a":"b c"}})",
                        R"({"matchExpressions":{}})",
                        R"({"matchExpressions":["a"]})",
                        R"({"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]})",
                        R"({"matchExpressions":[{"key":"a","operator":"In"}]})",
                        R"({"matchExpressions":[{"key":"a","operator":"In","values":[1]}]})",
                        R"({"matchExpressions":[{"key":"a","operator":"In","values":"x"}]})",
                        R"({"matchExpressions":[{"key":"a","operator":"Exists","values":["x"]}]})",
                        R"({"matchExpressions":[{"operator":"Exists"}]})"};
  for (const char* text : rows)
    EXPECT_FALSE(Selector::from_json(*parse_json(text))) << text;
}

const Pairs kFields = {
    {"metadata.name", "a"}, {"spec.text", "x,y=z\\"}, {"status.phase", "Active"}};

TEST(FieldSelector, Means_what_it_means_to_kubernetes) {
  const Row rows[] = {
      {"", "", true},
      {",", "", true},
      {"metadata.name=a", "metadata.name=a", true},
      {"metadata.name==a", "metadata.name=a", true},
      {"metadata.name!=a", "metadata.name!=a", false},
      {"status.phase!=Gone,metadata.name=a", "metadata.name=a,status.phase!=Gone", true},
      {"spec.text=x\\,y\\=z\\\\", "spec.text=x,y=z\\", true},
      {"spec.absent=", "spec.absent=", true},
      {"spec.absent!=", "spec.absent!=", false},
      {"spec.absent=x", "spec.absent=x", false},
  };
  for (const Row& row : rows) {
    const auto selector = Selector::parse_fields(row.text);
    ASSERT_TRUE(selector) << row.text << ": " << selector.error().message;
    EXPECT_EQ(selector->to_string(), row.canonical);
    EXPECT_EQ(selector->matches(kFields), row.matches) << row.text;
  }
}

TEST(FieldSelector, Errors_have_kubernetes_texts) {
  const std::pair<const char*, const char*> rows[] = {
      {"abc", "invalid selector: 'abc'; can't understand 'abc'"},
      {"a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"},
      {"a!b", "invalid selector: 'a!b'; can't understand 'a!b'"},
      {"a=b\\c", "invalid field selector: invalid escape sequence: \\c"},
      {"a=b\\", "invalid field selector: invalid escape sequence: \\"},
      {"a=b=c", "invalid field selector: unescaped character in value: 61"},
  };
  for (const auto& [text, message] : rows) {
    const auto selector = Selector::parse_fields(text);
    ASSERT_FALSE(selector) << text;
    EXPECT_EQ(selector.error().message, message) << text;
  }
}

TEST(Selectors, Requirements_and_values_have_a_bound) {
  const auto many = [](size_t requirements) {
    std::string text = "k0";
    for (size_t i = 1; i < requirements; ++i)
      text += ",k" + std::to_string(i);
    return text;
  };
  EXPECT_TRUE(Selector::parse_labels(many(100)));
  EXPECT_EQ(Selector::parse_labels(many(101)).error().message,
            "more than 100 requirements in a selector");
  Json expressions = Json::array();
  for (int i = 0; i < 101; ++i)
    expressions.push_back({{"key", "k"}, {"operator", "Exists"}});
  EXPECT_EQ(Selector::from_json({{"matchExpressions", expressions}}).error().message,
            "more than 100 requirements in a selector");
}

TEST(FieldSelector, Tells_the_value_that_it_requires) {
  const auto selector = *Selector::parse_fields("metadata.name=a,status.phase!=Gone");
  ASSERT_NE(selector.required_value("metadata.name"), nullptr);
  EXPECT_EQ(*selector.required_value("metadata.name"), "a");
  EXPECT_EQ(selector.required_value("status.phase"), nullptr);
  EXPECT_EQ(selector.required_value("spec.x"), nullptr);
}

}  // namespace
}  // namespace charter
