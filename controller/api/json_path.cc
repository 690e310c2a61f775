#include "controller/api/json_path.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace charter {
namespace {

Error not_understood(std::string_view what) {
  return {Code::Invalid, "JSONPath is not supported here: " + std::string(what)};
}

std::vector<std::string> split_dots(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    if (dot > 0) out.emplace_back(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return out;
}

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
}

std::string scalar_text(const Json& node) { return node.is_string() ? node.get<std::string>() : encode(node); }

}  // namespace

Result<JsonPath::Step> JsonPath::parse_bracket(std::string_view inside) {
  Step step;
  if (inside == "*") {
    step.kind = Step::Kind::All;
    return step;
  }
  if (is_quoted(inside)) {
    step.name = inside.substr(1, inside.size() - 2);
    return step;
  }
  if (inside.starts_with("?(@.") && inside.ends_with(")")) {
    inside = inside.substr(4, inside.size() - 5);
    const size_t equals = inside.find("==");
    if (equals == std::string_view::npos) return not_understood(inside);
    std::string_view left = inside.substr(0, equals);
    std::string_view right = inside.substr(equals + 2);
    while (!left.empty() && left.back() == ' ') left.remove_suffix(1);
    while (!right.empty() && right.front() == ' ') right.remove_prefix(1);
    if (!is_quoted(right)) return not_understood(inside);
    step.kind = Step::Kind::Filter;
    step.where = split_dots(left);
    step.equals = right.substr(1, right.size() - 2);
    return step;
  }
  const auto [end, error] = std::from_chars(inside.data(), inside.data() + inside.size(), step.index);
  if (error != std::errc() || end != inside.data() + inside.size()) return not_understood(inside);
  step.kind = Step::Kind::Index;
  return step;
}

Result<JsonPath> JsonPath::parse(std::string_view text) {
  JsonPath out;
  if (text.starts_with("{") && text.ends_with("}")) text = text.substr(1, text.size() - 2);
  if (text.starts_with("$")) text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() == '[') {
      // A filter may hold brackets only inside quotes, which printer columns never do.
      const size_t close = text.find(']');
      if (close == std::string_view::npos) return not_understood(text);
      CHARTER_TRY_ASSIGN(Step step, parse_bracket(text.substr(1, close - 1)));
      out.steps_.push_back(std::move(step));
      text.remove_prefix(close + 1);
      continue;
    }
    if (text.front() != '.') return not_understood(text);
    text.remove_prefix(1);
    std::string name;
    // A backslash keeps a dot inside a name: .metadata.labels.app\.kubernetes\.io/name
    while (!text.empty() && text.front() != '.' && text.front() != '[') {
      if (text.front() == '\\' && text.size() > 1) text.remove_prefix(1);
      name += text.front();
      text.remove_prefix(1);
    }
    if (name.empty()) return not_understood("empty name");
    Step step;
    if (name == "*") step.kind = Step::Kind::All;
    step.name = std::move(name);
    out.steps_.push_back(std::move(step));
  }
  return out;
}

std::vector<const Json*> JsonPath::select(const Json& root) const {
  std::vector<const Json*> now{&root};
  for (const Step& step : steps_) {
    std::vector<const Json*> next;
    for (const Json* node : now) {
      if (step.kind == Step::Kind::Member && node->is_object()) {
        const auto found = node->find(step.name);
        if (found != node->end()) next.push_back(&*found);
      } else if (step.kind == Step::Kind::Index && node->is_array() && step.index < node->size()) {
        next.push_back(&(*node)[step.index]);
      } else if (step.kind == Step::Kind::All && node->is_structured()) {
        for (const Json& element : *node) next.push_back(&element);
      } else if (step.kind == Step::Kind::Filter && node->is_array()) {
        for (const Json& element : *node) {
          const Json* value = &element;
          for (const std::string& name : step.where) value = value ? at(*value, {name}) : nullptr;
          if (value && scalar_text(*value) == step.equals) next.push_back(&element);
        }
      }
    }
    now = std::move(next);
  }
  return now;
}

}  // namespace charter
