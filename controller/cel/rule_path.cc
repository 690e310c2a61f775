#include "controller/cel/rule_node.h"

#include <nlohmann/json.hpp>

// The fieldPath of a rule.
namespace charter::cel {
namespace {

/// Takes tokens off a path: ".", "[", "]", a quoted text, or what stands between.
class PathReader {
 public:
  explicit PathReader(std::string_view rest) : rest_(rest) {}

  bool done() const { return rest_.empty(); }
  std::string_view take() {
    size_t end = 1;
    if (rest_[0] == '\'') {
      while (end < rest_.size() && !(rest_[end] == '\'' && rest_[end - 1] != '\\'))
        ++end;
      end = std::min(end + 1, rest_.size());
    } else if (std::string_view(".[]").find(rest_[0]) == std::string_view::npos) {
      end = std::min(rest_.find_first_of(".[]"), rest_.size());
    }
    const std::string_view token = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return token;
  }

 private:
  std::string_view rest_;
};

std::optional<std::string> unquoted(std::string_view token) {
  if (token.size() < 2 || token.front() != '\'' || token.back() != '\'') return std::nullopt;
  token = token.substr(1, token.size() - 2);
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\') {
      out += token[i];
      continue;
    }
    static constexpr std::string_view kNames = "abfnrtv'\\";
    static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v'\\";
    const size_t at = ++i < token.size() ? kNames.find(token[i]) : std::string_view::npos;
    if (at == std::string_view::npos) return std::nullopt;
    out += kMeant[at];
  }
  return out;
}

// Goes one field down; adds it to `out` as kube prints fields and keys.
const Json* descend(const Json& schema, const std::string& name, std::string& out) {
  if (const Json* properties = at(schema, {"properties"}); properties && properties->is_object()) {
    out += (out.empty() ? "" : ".") + name;
    return at(*properties, {name});
  }
  out += "[" + name + "]";
  const Json* values = at(schema, {"additionalProperties"});
  return values != nullptr && values->is_object() ? values : nullptr;
}

}  // namespace

std::optional<std::string> normalize_field_path(std::string_view path, const Json& schema) {
  PathReader in(path);
  std::string out;
  const Json* place = &schema;
  while (!in.done()) {
    const std::string_view mark = in.take();
    if ((mark != "." && mark != "[") || in.done()) return std::nullopt;
    const std::string_view token = in.take();
    const auto name = mark == "." ? std::optional<std::string>(token) : unquoted(token);
    if (!name) return std::nullopt;
    place = descend(*place, *name, out);
    if (place == nullptr) return std::nullopt;
    if (mark == "[" && (in.done() || in.take() != "]")) return std::nullopt;
  }
  return out;
}

}  // namespace charter::cel
