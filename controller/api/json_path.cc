#include "controller/api/json_path.h"

#include <charconv>

namespace charter {
namespace {

Error not_understood(std::string_view what) {
  return {Code::Invalid, "JSONPath is not supported here: " + std::string(what)};
}

std::vector<std::string> split_dots(std::string_view path) {
  std::vector<std::string> out;
  while (!path.empty()) {
    const size_t dot = std::min(path.find('.'), path.size());
    if (dot > 0) out.push_back(json_key(path.substr(0, dot)));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return out;
}

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
}

/// True when a value is this text, or a number or word that reads like it. `wanted` is quoted.
bool reads_like(std::string_view value, std::string_view wanted) {
  if (value.empty()) return false;
  return value.front() == '"' ? value == wanted : value == wanted.substr(1, wanted.size() - 2);
}

}  // namespace

Result<JsonPath::Step> JsonPath::parse_bracket(std::string_view inside) {
  Step step;
  if (inside == "*") {
    step.kind = Step::Kind::All;
    return step;
  }
  if (is_quoted(inside)) {
    step.key = json_key(inside.substr(1, inside.size() - 2));
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
    step.equals = json_key(right.substr(1, right.size() - 2));
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
    step.key = json_key(name);
    out.steps_.push_back(std::move(step));
  }
  return out;
}

void JsonPath::take_step(const Step& step, std::string_view node,
                         std::vector<std::string_view>& out) {
  switch (step.kind) {
    case Step::Kind::Member:
      if (const std::string_view value = json_member(node, step.key); !value.empty())
        out.push_back(value);
      return;
    case Step::Kind::Index: {
      size_t at = 0;
      each_json_element(node, [&](std::string_view element) {
        if (at++ < step.index) return true;
        out.push_back(element);
        return false;
      });
      return;
    }
    case Step::Kind::All: {
      const JsonView view(node);
      for (const auto& [key, value] : view.members())
        out.push_back(value);
      [[fallthrough]];
    }
    case Step::Kind::Filter:
      each_json_element(node, [&](std::string_view element) {
        std::string_view value = element;
        for (const std::string& key : step.where)
          value = json_member(value, key);
        if (step.kind == Step::Kind::All || reads_like(value, step.equals)) out.push_back(element);
        return true;
      });
      return;
  }
}

std::vector<std::string_view> JsonPath::select(const JsonView& root) const {
  std::vector<std::string_view> now;
  bool first = true;
  for (const Step& step : steps_) {
    std::vector<std::string_view> next;
    if (!first) {
      for (const std::string_view node : now)
        take_step(step, node, next);
    } else if (step.kind == Step::Kind::Member) {
      if (const std::string_view value = root.member(step.key); !value.empty())
        next.push_back(value);
    } else if (step.kind == Step::Kind::All) {
      for (const auto& [key, value] : root.members())
        next.push_back(value);
    }
    first = false;
    now = std::move(next);
  }
  return now;
}

}  // namespace charter
