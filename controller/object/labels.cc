#include "controller/object/labels.h"

#include "controller/base/limits.h"
#include "controller/object/selector_parser.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <optional>

namespace charter {
namespace {

using Op = Requirement::Op;

std::optional<int64_t> integer(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool holds(const Requirement& requirement, const std::string* value) {
  const auto listed = [&] {
    return std::binary_search(requirement.values.begin(), requirement.values.end(), *value);
  };
  switch (requirement.op) {
    case Op::In:
      return value != nullptr && listed();
    case Op::NotIn:
      return value == nullptr || !listed();
    case Op::Exists:
      return value != nullptr;
    case Op::DoesNotExist:
      return value == nullptr;
    case Op::GreaterThan:
    case Op::LessThan:
      break;
  }
  if (value == nullptr) return false;
  const auto left = integer(*value);
  const auto right = integer(requirement.values[0]);
  if (!left || !right) return false;
  return requirement.op == Op::GreaterThan ? *left > *right : *left < *right;
}

Status check_length(std::string_view text) {
  if (text.size() <= limits::kSelectorBytesMax) return {};
  return Error{Code::BadRequest, "selector of " + std::to_string(text.size()) +
                                     " bytes is longer than " +
                                     std::to_string(limits::kSelectorBytesMax)};
}

/// Resolves \\ \, \= in the value of a field selector.
Result<std::string> unescape_value(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',' || text[i] == '=') {
      return Error{Code::BadRequest, "invalid field selector: unescaped character in value: " +
                                         std::to_string(static_cast<int>(text[i]))};
    }
    if (text[i] == '\\') {
      const std::string_view escape = text.substr(i, 2);
      if (escape != "\\\\" && escape != "\\," && escape != "\\=") {
        return Error{Code::BadRequest,
                     "invalid field selector: invalid escape sequence: " + std::string(escape)};
      }
      ++i;
    }
    out += text[i];
  }
  return out;
}

/// Ends of the terms between unescaped commas.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;
    } else if (i == text.size() || text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  if (start < text.size()) terms.push_back(text.substr(start));
  return terms;
}

Result<Requirement> parse_term(std::string_view text, std::string_view term) {
  const size_t at = term.find_first_of("=!");
  const std::string_view rest = at == std::string_view::npos ? std::string_view() : term.substr(at);
  const bool unequal = rest.starts_with("!=");
  if (rest.empty() || (rest[0] == '!' && !unequal)) {
    return Error{Code::BadRequest, "invalid selector: '" + std::string(text) +
                                       "'; can't understand '" + std::string(term) + "'"};
  }
  const size_t width = unequal || rest.starts_with("==") ? 2 : 1;
  CHARTER_TRY_ASSIGN(std::string value, unescape_value(rest.substr(width)));
  return Requirement{
      std::string(term.substr(0, at)), unequal ? Op::NotIn : Op::In, {std::move(value)}};
}

Result<Requirement> parse_expression(const Json& expression) {
  constexpr std::pair<std::string_view, Op> kOperators[] = {{"In", Op::In},
                                                            {"NotIn", Op::NotIn},
                                                            {"Exists", Op::Exists},
                                                            {"DoesNotExist", Op::DoesNotExist}};
  const std::string word = text_at(expression, {"operator"});
  const auto* op = std::find_if(std::begin(kOperators), std::end(kOperators),
                                [&](const auto& row) { return row.first == word; });
  if (op == std::end(kOperators)) {
    return Error{Code::BadRequest, "\"" + word + "\" is not a valid label selector operator"};
  }
  Requirement requirement{text_at(expression, {"key"}), op->second, {}};
  if (const Json* values = at(expression, {"values"}); values != nullptr && !values->is_null()) {
    if (!values->is_array()) return Error{Code::BadRequest, "values must be a list of strings"};
    for (const Json& value : *values) {
      if (!value.is_string()) return Error{Code::BadRequest, "values must be a list of strings"};
      requirement.values.push_back(value.get<std::string>());
    }
  }
  CHARTER_TRY(check_requirement(requirement));
  return requirement;
}

void append_text(std::string& out, const Requirement& requirement) {
  if (!out.empty()) out += ',';
  if (requirement.op == Op::DoesNotExist) out += '!';
  out += requirement.key;
  if (requirement.op == Op::Exists || requirement.op == Op::DoesNotExist) return;
  if (requirement.op == Op::GreaterThan || requirement.op == Op::LessThan) {
    out += requirement.op == Op::GreaterThan ? '>' : '<';
    out += requirement.values[0];
    return;
  }
  const bool in = requirement.op == Op::In;
  if (requirement.values.size() == 1) {
    out.append(in ? "=" : "!=").append(requirement.values[0]);
    return;
  }
  out += in ? " in (" : " notin (";
  for (size_t i = 0; i < requirement.values.size(); ++i) {
    out.append(i == 0 ? "" : ",").append(requirement.values[i]);
  }
  out += ')';
}

void sort_by_key(std::vector<Requirement>& requirements) {
  std::stable_sort(requirements.begin(), requirements.end(),
                   [](const Requirement& a, const Requirement& b) { return a.key < b.key; });
}

}  // namespace

Result<Selector> Selector::parse_labels(std::string_view text) {
  CHARTER_TRY(check_length(text));
  Selector selector;
  CHARTER_TRY_ASSIGN(selector.requirements_, parse_requirements(text));
  sort_by_key(selector.requirements_);
  return selector;
}

Result<Selector> Selector::parse_fields(std::string_view text) {
  CHARTER_TRY(check_length(text));
  Selector selector;
  selector.absent_ = Absent::IsEmpty;
  for (const std::string_view term : split_terms(text)) {
    if (term.empty()) continue;
    CHARTER_TRY_ASSIGN(Requirement requirement, parse_term(text, term));
    selector.requirements_.push_back(std::move(requirement));
    CHARTER_TRY(check_count(selector.requirements_.size()));
  }
  sort_by_key(selector.requirements_);
  return selector;
}

Result<Selector> Selector::from_json(const Json& document) {
  if (!document.is_object()) return Error{Code::BadRequest, "a label selector must be an object"};
  Selector selector;
  if (const Json* labels = charter::at(document, {"matchLabels"}); labels && !labels->is_null()) {
    if (!labels->is_object()) return Error{Code::BadRequest, "matchLabels must be an object"};
    for (const auto& [key, value] : labels->items()) {
      if (!value.is_string()) return Error{Code::BadRequest, "matchLabels must hold strings"};
      Requirement requirement{key, Op::In, {value.get<std::string>()}};
      CHARTER_TRY(check_requirement(requirement));
      selector.requirements_.push_back(std::move(requirement));
    }
  }
  if (const Json* list = charter::at(document, {"matchExpressions"}); list && !list->is_null()) {
    if (!list->is_array()) return Error{Code::BadRequest, "matchExpressions must be a list"};
    for (const Json& expression : *list) {
      CHARTER_TRY_ASSIGN(Requirement requirement, parse_expression(expression));
      selector.requirements_.push_back(std::move(requirement));
    }
  }
  size_t terms = selector.requirements_.size();
  for (const Requirement& requirement : selector.requirements_)
    terms += requirement.values.size();
  CHARTER_TRY(check_count(selector.requirements_.size()));
  if (terms > limits::kSelectorTermsMax) {
    return Error{Code::BadRequest, "more than " + std::to_string(limits::kSelectorTermsMax) +
                                       " requirements and values in a selector"};
  }
  sort_by_key(selector.requirements_);
  return selector;
}

bool Selector::matches(const Pairs& pairs) const {
  static const std::string kEmpty;
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& wanted) {
    const std::string* value = find_pair(pairs, wanted.key);
    if (value == nullptr && absent_ == Absent::IsEmpty) value = &kEmpty;
    return holds(wanted, value);
  });
}

const std::string* Selector::required_value(std::string_view key) const {
  for (const Requirement& requirement : requirements_) {
    const bool fixes = requirement.key == key && requirement.op == Op::In;
    if (fixes && requirement.values.size() == 1) return &requirement.values[0];
  }
  return nullptr;
}

std::string Selector::to_string() const {
  std::string out;
  for (const Requirement& requirement : requirements_)
    append_text(out, requirement);
  return out;
}

}  // namespace charter
