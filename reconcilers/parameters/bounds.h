#pragma once

#include "crds/types/service_template.h"

#include <optional>
#include <string>
#include <vector>

// What parameter values mean, and which of them bounds allow. 8GB and 8000MB are the same value.
// Used wherever a value is judged: templates, offerings, instances. Pure.
namespace charter::parameters {

/// The value as a document holds it.
Json json_of(const ParameterValue& value);
/// Whether values of the type have an order: integers and quantities.
bool is_number(ParameterType type);
/// The number behind an integer or a quantity (bytes); nothing when the value has another type.
std::optional<int64_t> number_of(ParameterType type, const ParameterValue& value);
/// Equality by meaning.
bool same(ParameterType type, const ParameterValue& a, const ParameterValue& b);
/// Whether a list holds the value, by meaning.
bool holds(ParameterType type, const std::vector<ParameterValue>& list,
           const ParameterValue& value);

/// Whether a number of steps leads from one number to the other; `step` is positive.
bool is_steps_away(int64_t from, int64_t to, int64_t step);

/// What is wrong with a value under these bounds, in Kubernetes' words with what would be allowed:
/// `Unsupported value: 3: supported values: "2", "4"`; nothing when it is allowed.
std::optional<Cause> finding(const TemplateParameter& bounds, const ParameterValue& value,
                             const std::string& field);

/// The smallest number that bounds allow; nothing for strings and when there is no lower bound.
std::optional<int64_t> smallest(const TemplateParameter& bounds);

}  // namespace charter::parameters
