#include "controller/cel/rule_costs.h"

#include "controller/cel/estimate_sizes.h"
#include "controller/cel/limits.h"
#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>

namespace charter::cel {
namespace {

std::string excess(uint64_t cost, uint64_t limit) {
  constexpr double kCounted = 100;  // beyond that a number says nothing
  constexpr double kRounded = 1.5;  // below it, "1.0x" would
  const double factor = static_cast<double>(cost) / static_cast<double>(limit);
  if (factor > kCounted) return "more than 100x";
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), factor < kRounded ? "%fx" : "%.1fx", factor);
  return out.data();
}

std::string too_expensive(const std::string& what, uint64_t cost, uint64_t limit) {
  return what + " exceeds budget by factor of " + excess(cost, limit) +
         " (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where "
         "arrays, maps, and strings are declared)";
}

}  // namespace

Copies copies_below(const Json& schema, const Copies& copies) {
  const std::string type = text_at(schema, {"type"});
  const Json* values = at(schema, {"additionalProperties"});
  const bool map = type == "object" && values != nullptr;
  if (!map && type != "array") return copies;
  const auto bound = int_at(schema, {map ? "maxProperties" : "maxItems"});
  if (!copies || !bound) return std::nullopt;
  return bounded_product(*copies, static_cast<uint64_t>(std::max<int64_t>(*bound, 0)));
}

void RuleCosts::add(const std::string& place, const char* what, uint64_t cost,
                    std::vector<Cause>& causes) {
  if (cost > limits::kEstimatedCostMax)
    causes.push_back(
        forbidden_cause(place, too_expensive(std::string("estimated ") + what + " cost", cost,
                                             limits::kEstimatedCostMax)));
  total_ = bounded_sum(total_, cost);
  if (cost < limits::kExpensiveRuleMin) return;
  const auto after = std::find_if(expensive_.begin(), expensive_.end(),
                                  [&](const Expensive& other) { return other.cost < cost; });
  expensive_.insert(after, {place, cost});
  if (expensive_.size() > limits::kExpensiveRulesMax) expensive_.pop_back();
}

void RuleCosts::check_total(const std::string& path, std::vector<Cause>& causes) const {
  if (total_ <= limits::kEstimatedTotalMax) return;
  for (const Expensive& rule : expensive_)
    causes.push_back(forbidden_cause(rule.place,
                                     "contributed to estimated rule cost total exceeding cost "
                                     "limit for entire OpenAPIv3 schema"));
  causes.push_back(forbidden_cause(
      path, too_expensive(
                "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema",
                total_, limits::kEstimatedTotalMax)));
}

}  // namespace charter::cel
