#include "reconcilers/parameters/bounds.h"

#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::parameters {
namespace {

// A name of its own: an overload in here would hide the public one and call itself.
std::optional<int64_t> stated_number(ParameterType type, const std::optional<ParameterValue>& bound) {
  return bound ? number_of(type, *bound) : std::nullopt;
}

std::string range_text(const TemplateParameter& bounds) {
  std::string text = "must be";
  if (bounds.min && bounds.max) {
    text += " from " + bounds.min->text() + " to " + bounds.max->text();
  } else if (bounds.min) {
    text += " at least " + bounds.min->text();
  } else if (bounds.max) {
    text += " at most " + bounds.max->text();
  }
  if (bounds.step) text += " in steps of " + bounds.step->text();
  return text;
}

bool in_range(const TemplateParameter& bounds, int64_t number) {
  const auto least = stated_number(bounds.type, bounds.min);
  const auto most = stated_number(bounds.type, bounds.max);
  const auto step = stated_number(bounds.type, bounds.step);
  if (least && number < *least) return false;
  if (most && number > *most) return false;
  if (!step || *step <= 0) return true;
  return is_steps_away(least.value_or(0), number, *step);
}

std::vector<std::string> texts_of(const std::vector<ParameterValue>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const auto& value : values)
    texts.push_back(value.text());
  return texts;
}

}  // namespace

Json json_of(const ParameterValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value.value)) return *number;
  return value.text();
}

bool is_steps_away(int64_t from, int64_t to, int64_t step) {
  // Remainders, because the distance of two 64-bit numbers does not fit into 64 bits.
  const auto rest = [step](int64_t number) {
    const auto part = number % step;
    return part < 0 ? part + step : part;
  };
  return rest(from) == rest(to);
}

bool is_number(ParameterType type) {
  return type != ParameterType::String;
}

std::optional<int64_t> number_of(ParameterType type, const ParameterValue& value) {
  if (type == ParameterType::String) return std::nullopt;
  if (type == ParameterType::Integer) {
    const auto* number = std::get_if<int64_t>(&value.value);
    return number != nullptr ? std::optional(*number) : std::nullopt;
  }
  const auto bytes = parse_bytes(value.text());
  return bytes ? std::optional(*bytes) : std::nullopt;
}

bool same(ParameterType type, const ParameterValue& a, const ParameterValue& b) {
  if (!is_number(type)) return a.text() == b.text();
  const auto left = number_of(type, a);
  return left && left == number_of(type, b);
}

bool holds(ParameterType type, const std::vector<ParameterValue>& list,
           const ParameterValue& value) {
  return std::any_of(list.begin(), list.end(),
                     [&](const auto& one) { return same(type, one, value); });
}

std::optional<Cause> finding(const TemplateParameter& bounds, const ParameterValue& value,
                             const std::string& field) {
  const auto number = number_of(bounds.type, value);
  if (is_number(bounds.type) && !number) {
    return type_cause(field, json_of(value),
                      "must be of type " + std::string(to_word(bounds.type)));
  }
  if (!bounds.allowed.empty() && !holds(bounds.type, bounds.allowed, value)) {
    return unsupported_cause(field, json_of(value), texts_of(bounds.allowed));
  }
  if (number && !in_range(bounds, *number)) {
    return invalid_cause(field, json_of(value), range_text(bounds));
  }
  return std::nullopt;
}

std::optional<int64_t> smallest(const TemplateParameter& bounds) {
  if (bounds.allowed.empty()) return stated_number(bounds.type, bounds.min);
  std::optional<int64_t> least;
  for (const auto& value : bounds.allowed) {
    const auto number = number_of(bounds.type, value);
    if (!number || !in_range(bounds, *number)) continue;
    least = least ? std::min(*least, *number) : *number;
  }
  return least;
}

}  // namespace charter::parameters
