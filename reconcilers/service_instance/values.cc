#include "reconcilers/service_instance/values.h"

#include "controller/object/causes.h"
#include "reconcilers/parameters/bounds.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace charter::service_instance {
namespace {

void judge(const RevisionParameter& parameter, const ParameterValue& value,
           std::vector<Cause>& causes) {
  const auto& bounds = parameter.bounds;
  const auto field = "spec.parameters." + bounds.name;
  if (parameter.locked) {
    if (parameters::same(bounds.type, *parameter.locked, value)) return;
    causes.push_back(invalid_cause(field, parameters::json_of(value),
                                   "the offering fixes it at " + parameter.locked->text()));
  } else if (auto found = parameters::finding(bounds, value, field)) {
    causes.push_back(std::move(*found));
  }
}

void refuse_unknown(const std::vector<RevisionParameter>& parameters, const ParameterValues& given,
                    std::vector<Cause>& causes) {
  std::string known;
  for (const auto& parameter : parameters)
    known += (known.empty() ? "" : ", ") + parameter.bounds.name;
  for (const auto& [name, value] : given) {
    if (std::any_of(parameters.begin(), parameters.end(),
                    [&](const auto& parameter) { return parameter.bounds.name == name; })) {
      continue;
    }
    causes.push_back(invalid_cause("spec.parameters." + name, parameters::json_of(value),
                                   "unknown parameter; the offering has " + known));
  }
}

}  // namespace

Result<Values> Values::resolve(const std::vector<RevisionParameter>& parameters,
                               const ParameterValues& given) {
  Values all;
  std::vector<Cause> causes;
  refuse_unknown(parameters, given, causes);
  for (const auto& parameter : parameters) {
    const auto& name = parameter.bounds.name;
    if (const auto found = given.find(name); found != given.end()) {
      judge(parameter, found->second, causes);
      all.values_[name] = found->second;
    } else if (parameter.locked || parameter.bounds.fallback) {
      all.values_[name] = parameter.locked ? *parameter.locked : *parameter.bounds.fallback;
    } else {
      causes.push_back(required_cause("spec.parameters." + name, "it has no default"));
    }
  }
  if (causes.empty()) return all;
  std::string text;
  for (const auto& cause : causes)
    text += (text.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  return Error{Code::Invalid, std::move(text), "ParameterNotAllowed", std::move(causes)};
}

std::string Values::text(const std::string& parameter) const {
  const auto found = values_.find(parameter);
  return found == values_.end() ? std::string() : found->second.text();
}

int64_t Values::of(const IntegerSource& source) const {
  if (source.value) return *source.value;
  const auto found = values_.find(source.from_parameter);
  if (found == values_.end()) return 0;
  return parameters::number_of(ParameterType::Integer, found->second).value_or(0);
}

int64_t Values::of(const BytesSource& source) const {
  if (source.value_bytes) return *source.value_bytes;
  const auto bytes = parse_bytes(text(source.from_parameter));
  return bytes ? *bytes : 0;
}

std::string Values::of(const std::optional<TextSource>& source) const {
  if (!source) return {};
  return source->from_parameter.empty() ? source->value : text(source->from_parameter);
}

}  // namespace charter::service_instance
