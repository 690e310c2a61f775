#include "controller/api/rule_cache.h"

#include "controller/cel/rules.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <set>
#include <thread>
#include <vector>

namespace charter {
namespace {

std::shared_ptr<const Schema> schema_with(const std::string& rule) {
  std::vector<Cause> causes;
  const Json source = {{"type", "object"},
                       {"properties", {{"a", {{"type", "integer"}}}}},
                       {"x-kubernetes-validations", Json::array({{{"rule", rule}}})}};
  auto out = Schema::compile(source, "s", causes);
  EXPECT_TRUE(causes.empty());
  return out;
}

TEST(RuleCache, All_who_ask_at_once_get_one_set_for_each_schema) {
  RuleCache cache;
  const std::vector<std::shared_ptr<const Schema>> schemas{schema_with("self.a > 0"),
                                                           schema_with("self.a < 0")};
  std::vector<std::shared_ptr<const cel::RuleSet>> found(16);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < found.size(); ++i)
    threads.emplace_back([&, i] { found[i] = cache.find(schemas[i % 2]); });
  for (std::thread& thread : threads)
    thread.join();
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_TRUE(found[i]);
    EXPECT_EQ(found[i], found[i % 2]);
  }
  EXPECT_NE(found[0], found[1]);
}

TEST(RuleCache, A_schema_that_is_gone_takes_its_rules_along) {
  RuleCache cache;
  auto gone = schema_with("self.a > 0");
  const std::weak_ptr<const cel::RuleSet> rules = cache.find(gone);
  EXPECT_FALSE(rules.expired());
  gone.reset();
  const auto next = schema_with("self.a < 0");
  EXPECT_TRUE(cache.find(next));
  EXPECT_TRUE(rules.expired());
}

/// A definition of one version whose schema has a rule that could cost far too much.
Json definition(const std::string& more = "") {
  Json schema = *parse_yaml(
      "{type: object, properties: {l: {type: array, items: {type: string}, "
      "x-kubernetes-validations: [{rule: 'self.all(a, self.exists(b, a == b))'}]}}}");
  if (!more.empty()) schema["properties"][more] = {{"type", "string"}};
  return {
      {"spec",
       {{"versions", Json::array({{{"name", "v1"}, {"schema", {{"openAPIV3Schema", schema}}}}})}}}};
}

TEST(RuleCache, What_rules_may_cost_is_asked_only_where_a_schema_is_new) {
  const auto refused = [](const Json& now, const Json* before) {
    std::vector<Cause> causes;
    check_rules(now, before, causes);
    return !causes.empty();
  };
  const Json stood = definition();
  EXPECT_TRUE(refused(stood, nullptr));
  EXPECT_FALSE(refused(stood, &stood)) << "what was accepted once can still be written";
  EXPECT_TRUE(refused(definition("b"), &stood));
}

}  // namespace
}  // namespace charter
