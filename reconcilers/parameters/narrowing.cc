#include "reconcilers/parameters/narrowing.h"

#include "controller/object/causes.h"
#include "reconcilers/parameters/bounds.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::parameters {
namespace {

using Bound = std::optional<ParameterValue>;

// Appends a finding when a bound has no number of the parameter's type.
bool check_number(ParameterType type, const Bound& bound, const std::string& field,
                  std::vector<Cause>& causes) {
  if (!bound) return true;
  if (!is_number(type)) {
    causes.push_back(forbidden_cause(field, "strings have no order: list them in allowed"));
    return false;
  }
  if (number_of(type, *bound)) return true;
  causes.push_back(
      type_cause(field, json_of(*bound), "must be of type " + std::string(to_word(type))));
  return false;
}

// min, max and step by themselves.
bool check_order(const TemplateParameter& bounds, const std::string& field,
                 std::vector<Cause>& causes) {
  const auto before = causes.size();
  check_number(bounds.type, bounds.min, field + ".min", causes);
  check_number(bounds.type, bounds.max, field + ".max", causes);
  check_number(bounds.type, bounds.step, field + ".step", causes);
  if (causes.size() != before) return false;
  if (bounds.min && bounds.max &&
      *number_of(bounds.type, *bounds.max) < *number_of(bounds.type, *bounds.min)) {
    causes.push_back(invalid_cause(field + ".max", json_of(*bounds.max),
                                   "must not be below min " + bounds.min->text()));
  }
  if (bounds.step && *number_of(bounds.type, *bounds.step) <= 0) {
    causes.push_back(
        invalid_cause(field + ".step", json_of(*bounds.step), "must be greater than 0"));
  }
  return causes.size() == before;
}

void check_allowed(const TemplateParameter& bounds, const std::string& field,
                   std::vector<Cause>& causes) {
  auto range = bounds;
  range.allowed.clear();
  for (size_t i = 0; i < bounds.allowed.size(); ++i) {
    const auto at = field + ".allowed[" + std::to_string(i) + "]";
    if (auto found = finding(range, bounds.allowed[i], at)) {
      causes.push_back(std::move(*found));
      continue;
    }
    const std::vector<ParameterValue> earlier(bounds.allowed.begin(),
                                              bounds.allowed.begin() + static_cast<long>(i));
    if (holds(bounds.type, earlier, bounds.allowed[i])) {
      causes.push_back(duplicate_cause(at, json_of(bounds.allowed[i])));
    }
  }
}

void check_value(const TemplateParameter& bounds, const Bound& value, const std::string& field,
                 std::vector<Cause>& causes) {
  if (!value) return;
  if (auto found = finding(bounds, *value, field)) causes.push_back(std::move(*found));
}

// A step of the offering must only reach values that steps of the template reach.
void check_step(const TemplateParameter& outer, const OfferingParameter& inner,
                const std::string& field, std::vector<Cause>& causes) {
  if (!outer.step || (!inner.step && !inner.min)) return;
  const int64_t wide = *number_of(outer.type, *outer.step);
  const int64_t outer_from = outer.min ? *number_of(outer.type, *outer.min) : 0;
  const int64_t inner_from = inner.min ? *number_of(outer.type, *inner.min) : outer_from;
  if (!is_steps_away(outer_from, inner_from, wide)) {
    causes.push_back(
        invalid_cause(field + ".min", json_of(*inner.min),
                      "must be reached by the template's steps of " + outer.step->text()));
  }
  if (inner.step && *number_of(outer.type, *inner.step) % wide != 0) {
    causes.push_back(invalid_cause(field + ".step", json_of(*inner.step),
                                   "must be a multiple of the template's " + outer.step->text()));
  }
}

// One end of the range; `sign` is 1 for min, -1 for max.
void check_end(ParameterType type, const Bound& outer, const Bound& inner, int sign,
               const std::string& field, std::vector<Cause>& causes) {
  if (!outer || !inner) return;
  const auto wide = *number_of(type, *outer);
  const auto narrow = *number_of(type, *inner);
  if (sign > 0 ? narrow >= wide : narrow <= wide) return;
  causes.push_back(invalid_cause(
      field, json_of(*inner),
      "widens the template, which has " + outer->text() + ": an offering may only narrow"));
}

}  // namespace

void check_bounds(const TemplateParameter& parameter, const std::string& field,
                  std::vector<Cause>& causes) {
  if (!check_order(parameter, field, causes)) return;
  const auto before = causes.size();
  check_allowed(parameter, field, causes);
  if (causes.size() == before) {
    check_value(parameter, parameter.fallback, field + ".default", causes);
  }
}

void check_narrowing(const TemplateParameter& outer, const OfferingParameter& inner,
                     const std::string& field, std::vector<Cause>& causes) {
  // A template that is wrong in itself is reported there, and nothing can be compared with it.
  std::vector<Cause> wrong;
  check_bounds(outer, field, wrong);
  if (!wrong.empty()) return;
  const auto before = causes.size();
  const auto merged = merge(outer, &inner);
  if (!check_order(merged.bounds, field, causes)) return;
  check_end(outer.type, outer.min, inner.min, 1, field + ".min", causes);
  check_end(outer.type, outer.max, inner.max, -1, field + ".max", causes);
  check_step(outer, inner, field, causes);
  for (size_t i = 0; i < inner.allowed.size(); ++i) {
    check_value(outer, inner.allowed[i], field + ".allowed[" + std::to_string(i) + "]", causes);
  }
  if (causes.size() != before) return;
  if (!merged.bounds.allowed.empty()) {
    auto range = merged.bounds;
    range.allowed.clear();
    const auto& allowed = merged.bounds.allowed;
    if (std::all_of(allowed.begin(), allowed.end(),
                    [&](const auto& value) { return finding(range, value, field).has_value(); })) {
      causes.push_back(forbidden_cause(field, "leaves no value that the template allows"));
      return;
    }
  }
  check_value(merged.bounds, inner.fallback, field + ".default", causes);
  check_value(merged.bounds, inner.locked, field + ".locked", causes);
}

RevisionParameter merge(const TemplateParameter& outer, const OfferingParameter* inner) {
  RevisionParameter merged{outer, std::nullopt};
  if (inner == nullptr) return merged;
  auto& bounds = merged.bounds;
  if (!inner->allowed.empty()) bounds.allowed = inner->allowed;
  if (inner->min) bounds.min = inner->min;
  if (inner->max) bounds.max = inner->max;
  if (inner->step) bounds.step = inner->step;
  merged.locked = inner->locked;
  if (inner->fallback) {
    bounds.fallback = inner->fallback;
  } else if (bounds.fallback && finding(bounds, *bounds.fallback, "")) {
    bounds.fallback.reset();
  }
  return merged;
}

std::vector<RevisionParameter> merge_all(const std::vector<TemplateParameter>& outer,
                                         const std::vector<OfferingParameter>& inner) {
  std::vector<RevisionParameter> all;
  all.reserve(outer.size());
  for (const auto& parameter : outer) {
    const auto found = std::find_if(inner.begin(), inner.end(), [&](const auto& narrowed) {
      return narrowed.name == parameter.name;
    });
    all.push_back(merge(parameter, found == inner.end() ? nullptr : &*found));
  }
  return all;
}

}  // namespace charter::parameters
