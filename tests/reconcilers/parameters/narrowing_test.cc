#include "reconcilers/parameters/narrowing.h"

#include "reconcilers/parameters/bounds.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace charter::parameters {
namespace {

ParameterValue value(const Json& json) {
  if (json.is_number_integer()) return {json.get<int64_t>()};
  return {json.get<std::string>()};
}

std::optional<ParameterValue> optional_value(const Json& json, const char* key) {
  return json.contains(key) ? std::optional(value(json[key])) : std::nullopt;
}

std::vector<ParameterValue> values(const Json& json) {
  std::vector<ParameterValue> list;
  for (const auto& one : json.value("allowed", Json::array()))
    list.push_back(value(one));
  return list;
}

// {type: integer, min: 1, …} in YAML.
TemplateParameter bounds(const char* yaml) {
  const auto json = parse_yaml(yaml).value();
  TemplateParameter parameter;
  parameter.name = "p";
  parameter.type = parse_word<ParameterType>(json.at("type").get<std::string>()).value();
  parameter.allowed = values(json);
  parameter.min = optional_value(json, "min");
  parameter.max = optional_value(json, "max");
  parameter.step = optional_value(json, "step");
  parameter.fallback = optional_value(json, "default");
  return parameter;
}

OfferingParameter narrowed(const char* yaml) {
  const auto json = parse_yaml(yaml).value();
  return {"p",
          values(json),
          optional_value(json, "min"),
          optional_value(json, "max"),
          optional_value(json, "step"),
          optional_value(json, "default"),
          optional_value(json, "locked")};
}

std::string judged(const TemplateParameter& parameter, const Json& json) {
  const auto found = finding(parameter, value(json), "spec.parameters.p");
  return found ? found->message : "";
}

TEST(Values, AreRefusedWithWhatIsAllowed) {
  const auto vcpus = bounds("{type: integer, allowed: [2, 4]}");
  EXPECT_EQ(judged(vcpus, 4), "");
  EXPECT_EQ(judged(vcpus, 3), R"(Unsupported value: 3: supported values: "2", "4")");
  EXPECT_NE(judged(vcpus, "4").find("must be of type integer"), std::string::npos);
  const auto memory = bounds("{type: quantity, allowed: [6GB, 8GB]}");
  EXPECT_EQ(judged(memory, "8000MB"), "");
  EXPECT_EQ(judged(memory, "7GB"), R"(Unsupported value: "7GB": supported values: "6GB", "8GB")");
  const auto disk = bounds("{type: quantity, min: 100GB, max: 1000GB, step: 100GB}");
  EXPECT_EQ(judged(disk, "1TB"), "");
  EXPECT_EQ(judged(disk, "150GB"),
            R"(Invalid value: "150GB": must be from 100GB to 1000GB in steps of 100GB)");
  EXPECT_NE(judged(disk, "0B"), "");
  EXPECT_NE(judged(disk, "1100GB"), "");
  EXPECT_NE(judged(disk, "many"), "");
}

TEST(Values, StepsCountFromMinOrFromZero) {
  EXPECT_EQ(judged(bounds("{type: integer, min: 1, step: 2}"), 7), "");
  EXPECT_NE(judged(bounds("{type: integer, min: 1, step: 2}"), 8), "");
  EXPECT_EQ(judged(bounds("{type: integer, step: 4}"), -8), "");
  EXPECT_NE(judged(bounds("{type: integer, step: 4}"), 6), "");
}

TEST(Values, StepsAreCountedWithoutOverflow) {
  EXPECT_TRUE(is_steps_away(INT64_MIN, INT64_MAX, 1));
  EXPECT_FALSE(is_steps_away(INT64_MIN, INT64_MAX, 2));
  EXPECT_TRUE(is_steps_away(-3, 3, 6));
}

TEST(TemplateBounds, AreCoherent) {
  const std::pair<const char*, const char*> kRows[] = {
      {"{type: integer, allowed: [2, 4], default: 2}", ""},
      {"{type: quantity, min: 100GB, max: 1TB, step: 100GB, default: 300GB}", ""},
      {"{type: string, allowed: [a, b], default: b}", ""},
      {"{type: string}", ""},
      {"{type: integer, allowed: [2, two]}", "p.allowed[1]"},
      {"{type: quantity, allowed: [8GB, 8000MB]}", "p.allowed[1]"},
      {"{type: integer, allowed: [2, 4], default: 3}", "p.default"},
      {"{type: integer, min: 4, max: 2}", "p.max"},
      {"{type: integer, min: many}", "p.min"},
      {"{type: integer, step: 0}", "p.step"},
      {"{type: integer, step: -1}", "p.step"},
      {"{type: string, min: a}", "p.min"},
      {"{type: integer, min: 2, allowed: [1, 2]}", "p.allowed[0]"},
      {"{type: quantity, min: 100GB, step: 100GB, allowed: [150GB]}", "p.allowed[0]"},
  };
  for (const auto& [yaml, field] : kRows) {
    std::vector<Cause> causes;
    check_bounds(bounds(yaml), "p", causes);
    EXPECT_EQ(causes.empty() ? "" : causes[0].field, field) << yaml;
  }
}

TEST(Narrowing, NeverWidens) {
  const auto choice = bounds("{type: integer, allowed: [2, 4], default: 2}");
  const auto range = bounds("{type: quantity, min: 100GB, max: 1TB, step: 100GB}");
  const auto words = bounds("{type: string, allowed: [standard, high-speed]}");
  const struct {
    const TemplateParameter& outer;
    const char* inner;
    const char* field;
  } kRows[] = {
      {choice, "{allowed: [4]}", ""},
      {choice, "{allowed: [4], default: 4}", ""},
      {choice, "{allowed: [4, 8]}", "p.allowed[1]"},
      {choice, "{default: 3}", "p.default"},
      {choice, "{allowed: [4], default: 2}", "p.default"},
      {choice, "{locked: 4}", ""},
      {choice, "{locked: 8}", "p.locked"},
      {choice, "{min: 3}", ""},
      {choice, "{min: 5}", "p"},
      {range, "{min: 200GB, max: 500GB}", ""},
      {range, "{min: 50GB}", "p.min"},
      {range, "{min: 150GB}", "p.min"},
      {range, "{max: 2TB}", "p.max"},
      {range, "{step: 200GB}", ""},
      {range, "{step: 150GB}", "p.step"},
      {range, "{min: 500GB, max: 200GB}", "p.max"},
      {range, "{allowed: [100GB, 500GB]}", ""},
      {range, "{allowed: [150GB]}", "p.allowed[0]"},
      {words, "{locked: high-speed}", ""},
      {words, "{locked: slow}", "p.locked"},
      {words, "{min: a}", "p.min"},
  };
  for (const auto& row : kRows) {
    std::vector<Cause> causes;
    check_narrowing(row.outer, narrowed(row.inner), "p", causes);
    EXPECT_EQ(causes.empty() ? "" : causes[0].field, row.field) << row.inner;
  }
}

TEST(Narrowing, IsNotJudgedAgainstATemplateThatIsWrongInItself) {
  std::vector<Cause> causes;
  check_narrowing(bounds("{type: integer, min: many}"), narrowed("{min: 2}"), "p", causes);
  EXPECT_TRUE(causes.empty());
}

TEST(Merging, KeepsWhatTheOfferingDoesNotState) {
  const auto outer = bounds("{type: integer, allowed: [2, 4], default: 2}");
  EXPECT_EQ(merge(outer, nullptr).bounds, outer);
  const auto inner = narrowed("{allowed: [4], locked: 4}");
  const auto merged = merge(outer, &inner);
  EXPECT_EQ(merged.bounds.allowed, inner.allowed);
  EXPECT_EQ(merged.locked, inner.locked);
}

TEST(Merging, DropsATemplatesDefaultThatTheOfferingExcludes) {
  const auto outer = bounds("{type: integer, allowed: [2, 4], default: 2}");
  const auto inner = narrowed("{allowed: [4]}");
  EXPECT_EQ(merge(outer, &inner).bounds.fallback, std::nullopt);
  const auto better = narrowed("{allowed: [4], default: 4}");
  EXPECT_EQ(merge(outer, &better).bounds.fallback, better.fallback);
}

TEST(Smallest, IsTheLeastThatBoundsReach) {
  EXPECT_EQ(smallest(bounds("{type: integer, allowed: [4, 2]}")), 2);
  EXPECT_EQ(smallest(bounds("{type: integer, allowed: [4, 2], min: 3}")), 4);
  EXPECT_EQ(smallest(bounds("{type: quantity, min: 100GB}")), 100'000'000'000);
  EXPECT_EQ(smallest(bounds("{type: quantity, max: 100GB}")), std::nullopt);
  EXPECT_EQ(smallest(bounds("{type: string, allowed: [a]}")), std::nullopt);
}

}  // namespace
}  // namespace charter::parameters
