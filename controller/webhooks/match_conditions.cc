#include "controller/webhooks/match_conditions.h"

#include "controller/cel/access.h"
#include "controller/cel/limits.h"
#include "controller/cel/program.h"
#include "controller/cel/text.h"
#include "controller/object/causes.h"
#include "controller/object/labels.h"
#include "controller/webhooks/limits.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <mutex>
#include <set>

namespace charter {
namespace {

Json text_members(std::initializer_list<const char*> names) {
  Json out = {{"type", "object"}, {"properties", Json::object()}};
  for (const char* name : names)
    out["properties"][name] = {{"type", "string"}};
  return out;
}

/// An AdmissionRequest's schema, without uid, objects and options.
Json request_schema() {
  Json out = text_members({"subResource", "requestSubResource", "name", "namespace", "operation"});
  Json& members = out["properties"];
  members["kind"] = members["requestKind"] = text_members({"group", "version", "kind"});
  members["resource"] = members["requestResource"] = text_members({"group", "version", "resource"});
  members["dryRun"] = {{"type", "boolean"}};
  Json user = text_members({"username", "uid"});
  const Json texts = {{"type", "array"}, {"items", {{"type", "string"}}}};
  user["properties"]["groups"] = texts;
  user["properties"]["extra"] = {{"type", "object"}, {"additionalProperties", texts}};
  members["userInfo"] = std::move(user);
  return out;
}

/// `request`, which has the plain name of its namespace besides the escaped one, and options of
/// whatever kind.
const cel::Declared& request_declaration() {
  static const std::unique_ptr<const cel::Declared> kRequest = [] {
    auto out = cel::declare(request_schema(), false, "kubernetes.AdmissionRequest");
    out->escaped["namespace"] = "namespace";
    auto options = std::make_unique<cel::Declared>();
    options->shape = cel::Shape::Any;
    options->nullable = options->exposed = true;
    options->type = cel::Type::of(cel::Kind::Dyn);
    out->escaped["options"] = "options";
    out->fields["options"] = std::move(options);
    return out;
  }();
  return *kRequest;
}

/// In the order of the values that match() gives.
const std::vector<cel::Variable>& variables() {
  static const std::vector<cel::Variable> kVariables{
      {"object", cel::Type::of(cel::Kind::Dyn)},
      {"oldObject", cel::Type::of(cel::Kind::Dyn)},
      {"namespaceObject", cel::Type::of(cel::Kind::Dyn)},
      {"request", request_declaration().type},
      {"authorizer", cel::authorizer_type()},
      {"authorizer.requestResource", cel::resource_check_type()},
  };
  return kVariables;
}

/// Null with `problem` set when it is no condition.
std::unique_ptr<const cel::Program> compile(const std::string& expression, std::string& problem) {
  auto out = cel::Program::compile(expression, variables(), problem);
  if (!out) {
    problem = (problem.starts_with("ERROR: ") ? "compilation failed: "
                                              : "program instantiation failed: ") +
              problem;
    return nullptr;
  }
  if (out->type().kind == cel::Kind::Bool) return out;
  problem = "must evaluate to bool but got " + cel::type_text(out->type());
  return nullptr;
}

cel::AccessAsk request_resource(const Json& request) {
  cel::AccessAsk out;
  out.group = text_at(request, {"requestResource", "group"});
  out.resource = text_at(request, {"requestResource", "resource"});
  out.subresource = text_at(request, {"requestSubResource"});
  out.ns = text_at(request, {"namespace"});
  out.name = text_at(request, {"name"});
  return out;
}

std::vector<cel::Value> values_of(const ConditionInput& input) {
  const cel::Value absent = cel::Value::error("no such attribute(s): authorizer");
  return {cel::Value::of(input.object, cel::any_json()),
          cel::Value::of(input.before, cel::any_json()),
          cel::Value(),
          cel::Value::of(&input.request, request_declaration()),
          input.access != nullptr ? cel::authorizer_value(*input.access) : absent,
          input.access != nullptr
              ? cel::resource_check_value(*input.access, request_resource(input.request))
              : absent};
}

/// Several problems as Kubernetes prints them.
std::string aggregate(const std::vector<std::string>& problems) {
  if (problems.size() == 1) return problems.front();
  std::string out;
  for (const std::string& problem : problems)
    out += (out.empty() ? "" : ", ") + problem;
  return "[" + out + "]";
}

}  // namespace

struct MatchConditions::Compiled {
  struct One {
    std::unique_ptr<const cel::Program> program;  ///< null when `problem` says why
    std::string problem;
  };
  explicit Compiled(std::vector<MatchCondition> of) : source(std::move(of)) {}

  const std::vector<MatchCondition> source;
  std::once_flag once;
  std::vector<One> all;
};

MatchConditions::MatchConditions(std::vector<MatchCondition> conditions) {
  if (!conditions.empty()) compiled_ = std::make_shared<Compiled>(std::move(conditions));
}

Result<bool> MatchConditions::match(const ConditionInput& input) const {
  if (!compiled_) return true;
  std::call_once(compiled_->once, [this] {
    for (const MatchCondition& condition : compiled_->source) {
      Compiled::One one;
      one.program = compile(condition.expression, one.problem);
      compiled_->all.push_back(std::move(one));
    }
  });
  const std::vector<cel::Value> values = values_of(input);
  auto left = static_cast<uint64_t>(cel::limits::kConditionsCostMax);
  bool all = true;
  std::vector<std::string> problems;
  for (size_t i = 0; i < compiled_->all.size(); ++i) {
    const Compiled::One& one = compiled_->all[i];
    if (!one.program) {
      problems.push_back("compilation error: " + one.problem);
      continue;
    }
    const cel::Outcome outcome = one.program->evaluate(values);
    if (outcome.cost > left)
      return Error{Code::Invalid,
                   "validation failed due to running out of cost budget, no further validation "
                   "rules will be run"};
    left -= outcome.cost;
    if (outcome.value.is_error())
      problems.push_back("expression '" + compiled_->source[i].expression +
                         "' resulted in error: " + std::string(outcome.value.as_text()));
    all = all && !outcome.value.is(false);
  }
  if (!all) return false;
  if (problems.empty()) return true;
  return Error{Code::Invalid, aggregate(problems)};
}

void check_match_conditions(const Json& conditions, const std::string& field,
                            std::vector<Cause>& causes) {
  if (!conditions.is_array()) return;
  if (conditions.size() > limits::kMatchConditionsMax) {
    causes.push_back(too_many_cause(field, conditions.size(), limits::kMatchConditionsMax));
    return;
  }
  std::set<std::string> names;
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string place = field + "[" + std::to_string(i) + "]";
    const std::string expression = cel::trimmed(text_at(conditions[i], {"expression"}));
    std::string problem;
    if (expression.empty())
      causes.push_back(required_cause(place + ".expression"));
    else if (!compile(expression, problem))
      causes.push_back(invalid_cause(place + ".expression", expression, problem));
    const std::string name = text_at(conditions[i], {"name"});
    if (name.empty())
      causes.push_back(required_cause(place + ".name"));
    else if (problem = qualified_name_problem(name); !problem.empty())
      causes.push_back(invalid_cause(place + ".name", name, problem));
    else if (!names.insert(name).second)
      causes.push_back(duplicate_cause(place + ".name", name));
  }
}

}  // namespace charter
