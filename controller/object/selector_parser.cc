#include "controller/object/selector_parser.h"

#include "controller/base/limits.h"

#include <algorithm>
#include <charconv>

namespace charter {
namespace {

/// One token. `in` and `notin` are words that may also be keys or values.
struct Token {
  enum class Kind {
    End,
    Identifier,
    Comma,
    Open,
    Close,
    Not,
    Equals,
    DoubleEquals,
    NotEquals,
    Greater,
    Less,
    In,
    NotIn
  };
  Kind kind;
  std::string_view text;
};

bool is_symbol(char c) {
  return std::string_view("=!(),><").find(c) != std::string_view::npos;
}
bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

Token symbol_at(std::string_view text, size_t at) {
  const std::string_view two = text.substr(at, 2);
  if (two == "==") return {Token::Kind::DoubleEquals, two};
  if (two == "!=") return {Token::Kind::NotEquals, two};
  const std::string_view one = text.substr(at, 1);
  switch (one[0]) {
    case '=':
      return {Token::Kind::Equals, one};
    case '!':
      return {Token::Kind::Not, one};
    case '(':
      return {Token::Kind::Open, one};
    case ')':
      return {Token::Kind::Close, one};
    case ',':
      return {Token::Kind::Comma, one};
    case '>':
      return {Token::Kind::Greater, one};
    default:
      return {Token::Kind::Less, one};
  }
}

/// Reads tokens one by one, with one token of look-ahead.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { advance(); }

  /// The next token where a key or a value may stand: `in` and `notin` are words there.
  Token peek() const {
    const bool word = next_.kind == Token::Kind::In || next_.kind == Token::Kind::NotIn;
    return word ? Token{Token::Kind::Identifier, next_.text} : next_;
  }
  Token take() {
    const Token token = peek();
    advance();
    return token;
  }
  /// The next token where an operator must stand.
  Token take_operator() {
    const Token token = next_;
    advance();
    return token;
  }

 private:
  void advance() {
    while (at_ < text_.size() && is_space(text_[at_]))
      ++at_;
    if (at_ == text_.size()) {
      next_ = {Token::Kind::End, {}};
      return;
    }
    if (is_symbol(text_[at_])) {
      next_ = symbol_at(text_, at_);
    } else {
      size_t end = at_;
      while (end < text_.size() && !is_symbol(text_[end]) && !is_space(text_[end]))
        ++end;
      const std::string_view word = text_.substr(at_, end - at_);
      next_ = {word == "in"      ? Token::Kind::In
               : word == "notin" ? Token::Kind::NotIn
                                 : Token::Kind::Identifier,
               word};
    }
    at_ += next_.text.size();
  }

  std::string_view text_;
  size_t at_ = 0;
  Token next_{Token::Kind::End, {}};
};

Error found(const Token& token, const std::string& expected) {
  return Error{Code::BadRequest, "found '" + std::string(token.text) + "'" + expected};
}

Error invalid(const std::string& field, const std::string& value, const std::string& problem) {
  return Error{Code::BadRequest, field + ": Invalid value: " + value + ": " + problem};
}

std::string quoted(const std::string& text) {
  return std::string("\"").append(text).append("\"");
}

/// "(a,b,,c)": an empty place is the empty value.
Result<std::vector<std::string>> parse_value_list(Tokens& tokens) {
  if (const Token open = tokens.take(); open.kind != Token::Kind::Open) {
    return found(open, " expected: '('");
  }
  std::vector<std::string> values;
  if (tokens.peek().kind == Token::Kind::Close) {
    tokens.take();
    return values;
  }
  const Token first = tokens.peek();
  if (first.kind != Token::Kind::Identifier && first.kind != Token::Kind::Comma) {
    return found(first, ", expected: ',', ')' or identifier");
  }
  while (true) {
    std::string value;
    if (tokens.peek().kind == Token::Kind::Identifier) value = tokens.take().text;
    values.push_back(std::move(value));
    const Token next = tokens.take();
    if (next.kind == Token::Kind::Close) return values;
    if (next.kind != Token::Kind::Comma) return found(next, ", expected: ',' or ')'");
    if (values.size() > limits::kSelectorTermsMax) break;
  }
  return Error{Code::BadRequest, "more than " + std::to_string(limits::kSelectorTermsMax) +
                                     " values in one requirement"};
}

Result<std::vector<std::string>> parse_exact_value(Tokens& tokens) {
  const Token next = tokens.peek();
  if (next.kind == Token::Kind::End || next.kind == Token::Kind::Comma) {
    return std::vector<std::string>{""};
  }
  tokens.take();
  if (next.kind != Token::Kind::Identifier) return found(next, ", expected: identifier");
  return std::vector<std::string>{std::string(next.text)};
}

Status parse_comparison(Tokens& tokens, Requirement& requirement) {
  const Token word = tokens.take_operator();
  using Op = Requirement::Op;
  bool list = false;
  switch (word.kind) {
    case Token::Kind::In:
      requirement.op = Op::In;
      list = true;
      break;
    case Token::Kind::NotIn:
      requirement.op = Op::NotIn;
      list = true;
      break;
    case Token::Kind::Equals:
    case Token::Kind::DoubleEquals:
      requirement.op = Op::In;
      break;
    case Token::Kind::NotEquals:
      requirement.op = Op::NotIn;
      break;
    case Token::Kind::Greater:
      requirement.op = Op::GreaterThan;
      break;
    case Token::Kind::Less:
      requirement.op = Op::LessThan;
      break;
    default:
      return found(word, ", expected: in, notin, =, ==, !=, gt, lt");
  }
  CHARTER_TRY_ASSIGN(requirement.values,
                     list ? parse_value_list(tokens) : parse_exact_value(tokens));
  return {};
}

Result<Requirement> parse_requirement(Tokens& tokens) {
  Requirement requirement;
  Token key = tokens.take();
  if (key.kind == Token::Kind::Not) {
    requirement.op = Requirement::Op::DoesNotExist;
    key = tokens.take();
  }
  if (key.kind != Token::Kind::Identifier) return found(key, ", expected: identifier");
  requirement.key = key.text;
  if (const std::string problem = qualified_name_problem(requirement.key); !problem.empty()) {
    return invalid("<nil>", quoted(requirement.key), problem);
  }
  const Token::Kind next = tokens.peek().kind;
  const bool ends = next == Token::Kind::End || next == Token::Kind::Comma;
  if (!ends && requirement.op != Requirement::Op::DoesNotExist) {
    CHARTER_TRY(parse_comparison(tokens, requirement));
  }
  CHARTER_TRY(check_requirement(requirement));
  return requirement;
}

bool is_integer(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

}  // namespace

Status check_requirement(Requirement& requirement) {
  using Op = Requirement::Op;
  if (const std::string problem = qualified_name_problem(requirement.key); !problem.empty()) {
    return invalid("key", quoted(requirement.key), problem);
  }
  std::vector<std::string>& values = requirement.values;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const bool compares = requirement.op == Op::GreaterThan || requirement.op == Op::LessThan;
  const bool lists = requirement.op == Op::In || requirement.op == Op::NotIn;
  if (lists && values.empty()) {
    return invalid("values", "[]", "for 'in', 'notin' operators, values set can't be empty");
  }
  if (!lists && !compares && !values.empty()) {
    return invalid("values", "[" + values[0] + "]",
                   "values set must be empty for exists and does not exist");
  }
  if (compares && (values.size() != 1 || !is_integer(values[0]))) {
    return invalid("values[0]", quoted(values.empty() ? "" : values[0]),
                   "for 'Gt', 'Lt' operators, the value must be an integer");
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const std::string problem = label_value_problem(values[i]);
    if (problem.empty()) continue;
    return invalid("values[" + std::to_string(i) + "][" + requirement.key + "]", quoted(values[i]),
                   problem);
  }
  return {};
}

Status check_count(size_t requirements) {
  if (requirements <= limits::kSelectorRequirementsMax) return {};
  return Error{Code::BadRequest, "more than " + std::to_string(limits::kSelectorRequirementsMax) +
                                     " requirements in a selector"};
}

Result<std::vector<Requirement>> parse_requirements(std::string_view text) {
  Tokens tokens(text);
  std::vector<Requirement> requirements;
  size_t terms = 0;
  while (tokens.peek().kind != Token::Kind::End) {
    const Token first = tokens.peek();
    if (first.kind != Token::Kind::Identifier && first.kind != Token::Kind::Not) {
      return found(first, ", expected: !, identifier, or 'end of string'");
    }
    auto requirement = parse_requirement(tokens);
    if (!requirement) {
      requirement.error().message = "unable to parse requirement: " + requirement.error().message;
      return std::move(requirement.error());
    }
    terms += 1 + requirement->values.size();
    if (terms > limits::kSelectorTermsMax) {
      return Error{Code::BadRequest, "more than " + std::to_string(limits::kSelectorTermsMax) +
                                         " requirements and values in a selector"};
    }
    requirements.push_back(std::move(*requirement));
    CHARTER_TRY(check_count(requirements.size()));
    const Token next = tokens.take();
    if (next.kind == Token::Kind::End) break;
    if (next.kind != Token::Kind::Comma) return found(next, ", expected: ',' or 'end of string'");
    const Token after = tokens.peek();
    if (after.kind != Token::Kind::Identifier && after.kind != Token::Kind::Not) {
      return found(after, ", expected: identifier after ','");
    }
  }
  return requirements;
}

}  // namespace charter
