#include "controller/cel/functions.h"
#include "controller/cel/pattern.h"

#include <limits>

// Regular expressions: the language's matches() and Kubernetes' find() and findAll().
namespace charter::cel {
namespace {

// The call's literal, compiled with the expression, or the argument, compiled now.
std::shared_ptr<const Pattern> pattern_of(const Value& text, const CallContext& context,
                                          std::string& problem) {
  if (context.pattern != nullptr) return {std::shared_ptr<const Pattern>(), context.pattern};
  return Pattern::compile(text.as_text(), problem);
}

Value matches(const Value* args, size_t, CallContext& context) {
  std::string problem;
  const auto pattern = pattern_of(args[1], context, problem);
  return pattern ? Value::boolean(pattern->matches(args[0].as_text())) : Value::error(problem);
}

Value find(const Value* args, size_t, CallContext& context) {
  std::string problem;
  const auto pattern = pattern_of(args[1], context, problem);
  if (!pattern) return Value::error("Illegal regex: " + problem);
  auto found = pattern->find(args[0].as_text(), 1);
  return Value::text(found.empty() ? std::string() : std::move(found[0]));
}

Value find_all(const Value* args, size_t count, CallContext& context) {
  std::string problem;
  const auto pattern = pattern_of(args[1], context, problem);
  if (!pattern) return Value::error("Illegal regex: " + problem);
  const int64_t most = count > 2 ? args[2].as_int() : -1;
  const size_t limit = most < 0 ? std::numeric_limits<size_t>::max() : static_cast<size_t>(most);
  std::vector<std::string> parts = pattern->find(args[0].as_text(), limit);
  if (!may_make_items(context, 4 * parts.size())) return too_costly();
  std::vector<Value> out;
  for (std::string& part : parts)
    out.push_back(Value::text(std::move(part)));
  return Value::list(std::move(out));
}

}  // namespace

std::vector<FunctionRow> pattern_rows() {
  return {
      {".matches", "matches_string", "string; string", "bool", matches, Cost::Pattern},
      {"matches", "matches", "string; string", "bool", matches, Cost::Pattern},
      {".find", "string_find_string", "string; string", "string", find, Cost::Pattern},
      {".findAll", "string_find_all_string", "string; string", "list(string)", find_all,
       Cost::Pattern},
      {".findAll", "string_find_all_string_int", "string; string; int", "list(string)", find_all,
       Cost::Pattern},
  };
}

}  // namespace charter::cel
