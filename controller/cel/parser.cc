#include "controller/cel/parser.h"

#include "controller/cel/limits.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace charter::cel {
namespace {

constexpr std::string_view kStarts =
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, "
    "BYTES, IDENTIFIER}";
constexpr std::array<std::string_view, 17> kReserved{
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

bool is_reserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

bool is_number(TokenKind kind) {
  return kind == TokenKind::Int || kind == TokenKind::Double;
}

/// Recursive descent, one method a level of precedence. After the first syntax error everything
/// returns null.
class Parser {
 public:
  Parser(std::vector<Token> tokens, std::vector<Finding>& findings)
      : tokens_(std::move(tokens)), findings_(findings) {}

  ExprPtr run() {
    ExprPtr out = expression();
    if (out && now().kind != TokenKind::End) {
      const bool last = tokens_[at_ + 1].kind == TokenKind::End;
      return syntax(std::string(last ? "extraneous" : "mismatched") + " input " + shown() +
                    " expecting <EOF>");
    }
    return failed_ ? nullptr : std::move(out);
  }

 private:
  const Token& now() const { return tokens_[at_]; }
  bool is(std::string_view symbol, size_t ahead = 0) const {
    const size_t at = std::min(at_ + ahead, tokens_.size() - 1);
    return tokens_[at].kind == TokenKind::Symbol && tokens_[at].text == symbol;
  }
  bool is_word(std::string_view word) const {
    return now().kind == TokenKind::Ident && now().text == word;
  }
  Token take() { return now().kind == TokenKind::End ? now() : tokens_[at_++]; }
  bool accept(std::string_view symbol) {
    if (!is(symbol)) return false;
    ++at_;
    return true;
  }
  std::string shown() const {
    return now().kind == TokenKind::End ? "'<EOF>'" : "'" + std::string(now().text) + "'";
  }
  ExprPtr refuse(Place place, std::string message) {
    if (!failed_) findings_.push_back({place, std::move(message)});
    failed_ = true;
    return nullptr;
  }
  ExprPtr syntax(const std::string& message) {
    return refuse(now().place, "Syntax error: " + message);
  }
  bool expect(std::string_view symbol) {
    if (failed_) return false;
    if (accept(symbol)) return true;
    syntax(now().kind == TokenKind::End
               ? "missing '" + std::string(symbol) + "' at '<EOF>'"
               : "mismatched input " + shown() + " expecting '" + std::string(symbol) + "'");
    return false;
  }

  ExprPtr expression() {
    if (++depth_ > limits::kParseDepthMax) {
      return refuse(now().place, "expression recursion limit exceeded: " +
                                     std::to_string(limits::kParseDepthMax));
    }
    ExprPtr out = bounded(conditional());
    --depth_;
    return out;
  }

  // Trees that lean to the left grow without recursion; everything after the parser recurses.
  ExprPtr bounded(ExprPtr expr) {
    if (!expr || expr->depth <= limits::kTreeDepthMax) return expr;
    return refuse(expr->place,
                  "expression recursion limit exceeded: " + std::to_string(limits::kTreeDepthMax));
  }

  ExprPtr conditional() {
    ExprPtr condition = logical("||");
    if (!condition || !is("?")) return condition;
    const Place place = take().place;
    ExprPtr yes = logical("||");
    if (!yes || !expect(":")) return nullptr;
    ExprPtr no = expression();
    if (!no) return nullptr;
    return ExprMaker(place).call("_?_:_",
                                 parts_of(std::move(condition), std::move(yes), std::move(no)));
  }

  // One node for a whole chain: its depth does not grow with its length.
  ExprPtr logical(std::string_view symbol) {
    const bool either = symbol == "||";
    ExprPtr first = either ? logical("&&") : relation();
    if (!first || !is(symbol)) return first;
    const Place place = now().place;
    std::vector<ExprPtr> terms = parts_of(std::move(first));
    while (accept(symbol)) {
      ExprPtr next = either ? logical("&&") : relation();
      if (!next) return nullptr;
      terms.push_back(std::move(next));
    }
    return ExprMaker(place).call(either ? "_||_" : "_&&_", std::move(terms));
  }

  ExprPtr relation() {
    ExprPtr left = sum();
    static constexpr std::array<std::string_view, 6> kSymbols{"<", "<=", ">=", ">", "==", "!="};
    for (;;) {
      if (!left) return nullptr;
      std::string name;
      for (const std::string_view symbol : kSymbols)
        if (is(symbol)) name = "_" + std::string(symbol) + "_";
      if (is_word("in")) name = "@in";
      if (name.empty()) return left;
      left = binary(std::move(left), std::move(name), [this] { return sum(); });
    }
  }

  ExprPtr sum() {
    ExprPtr left = product();
    while (left && (is("+") || is("-"))) {
      std::string name = "_" + std::string(now().text) + "_";
      left = binary(std::move(left), std::move(name), [this] { return product(); });
    }
    return left;
  }

  ExprPtr product() {
    ExprPtr left = unary();
    while (left && (is("*") || is("/") || is("%"))) {
      std::string name = "_" + std::string(now().text) + "_";
      left = binary(std::move(left), std::move(name), [this] { return unary(); });
    }
    return left;
  }

  template <typename Next>
  ExprPtr binary(ExprPtr left, std::string name, Next next) {
    const Place place = take().place;
    ExprPtr right = next();
    if (!right) return nullptr;
    return bounded(
        ExprMaker(place).call(std::move(name), parts_of(std::move(left), std::move(right))));
  }

  ExprPtr unary() {
    const bool negates = is("-");
    if (!negates && !is("!")) return chain();
    const auto number_follows = [this] {
      const TokenKind kind = tokens_[std::min(at_ + 1, tokens_.size() - 1)].kind;
      return kind == TokenKind::Int || kind == TokenKind::Double;
    };
    const Place place = now().place;
    const std::string symbol(now().text);
    size_t count = 0;
    while (is(symbol) && !(negates && number_follows())) {
      take();
      ++count;
    }
    ExprPtr operand = chain();
    if (!operand || count % 2 == 0) return operand;
    return ExprMaker(place).call(negates ? "-_" : "!_", parts_of(std::move(operand)));
  }

  // Selections, indexes and member calls after a primary expression.
  ExprPtr chain() {
    ExprPtr out = primary();
    while (out && (is(".") || is("["))) {
      const Token mark = take();
      const bool optional = accept("?");
      out = bounded(mark.text == "[" ? index(std::move(out), mark.place, optional)
                                     : selection(std::move(out), mark.place, optional));
    }
    return out;
  }

  ExprPtr index(ExprPtr operand, Place place, bool optional) {
    ExprPtr key = expression();
    if (!key || !expect("]")) return nullptr;
    return ExprMaker(place).call(optional ? "_[?_]" : "_[_]",
                                 parts_of(std::move(operand), std::move(key)));
  }

  ExprPtr selection(ExprPtr operand, Place place, bool optional) {
    const Token token = take();
    const bool escaped = token.kind == TokenKind::EscapedIdent;
    if (!escaped && (token.kind != TokenKind::Ident || token.text == "in")) {
      --at_;
      if (token.kind == TokenKind::End) ++at_;
      return syntax("no viable alternative at input '.'");
    }
    std::string name(escaped ? token.text.substr(1, token.text.size() - 2) : token.text);
    if (is("(") && !escaped && !optional) {
      const Place open = take().place;
      std::vector<ExprPtr> parts = parts_of(std::move(operand));
      if (!arguments(parts)) return nullptr;
      return finish_call(ExprMaker(open).member_call(std::move(name), std::move(parts)));
    }
    if (escaped) {
      return refuse(token.place, "unsupported syntax: '`'");
    }
    if (!optional) return ExprMaker(place).select(std::move(operand), std::move(name));
    return ExprMaker(place).call(
        "_?._", parts_of(std::move(operand), ExprMaker(token.place).text(std::move(name))));
  }

  bool arguments(std::vector<ExprPtr>& parts) {
    if (accept(")")) return true;
    do {
      ExprPtr part = expression();
      if (!part) return false;
      parts.push_back(std::move(part));
    } while (accept(","));
    return expect(")");
  }

  // Nested macros copy what they are given, so what came of each is counted again.
  ExprPtr finish_call(ExprPtr call) {
    const Place place = call->place;
    Expansion expansion = expand_macro(call, findings_);
    if (!expansion.expanded) return call;
    if (!expansion.expr) {
      failed_ = true;
      return nullptr;
    }
    if (tree_size(*expansion.expr) > limits::kNodesMax)
      return refuse(place, "expression is too large once its macros are expanded");
    return std::move(expansion.expr);
  }

  ExprPtr primary() {
    if (failed_) return nullptr;
    const Token& token = now();
    switch (token.kind) {
      case TokenKind::Int:
      case TokenKind::Uint:
      case TokenKind::Double:
      case TokenKind::String:
      case TokenKind::Bytes:
        return literal("");
      case TokenKind::Ident:
        if (token.text != "in") return word();
        break;
      case TokenKind::Symbol:
        if (token.text == "(") return nested();
        if (token.text == "[") return list();
        if (token.text == "{") return map();
        if (token.text == ".") return absolute();
        if (token.text == "-") {
          take();
          // Of anything but a number the minus is an operator, which stands no further inside than
          // '!'.
          return is_number(now().kind) ? literal("-") : unexpected();
        }
        break;
      default:
        break;
    }
    return unexpected();
  }

  ExprPtr unexpected() {
    const auto starts = [](const Token& token) {
      if (token.kind == TokenKind::Ident) return token.text != "in";
      if (token.kind == TokenKind::Symbol)
        return std::string_view("[{(.-!").find(token.text) != std::string_view::npos;
      return token.kind != TokenKind::End && token.kind != TokenKind::EscapedIdent;
    };
    const bool spare = now().kind != TokenKind::End && starts(tokens_[at_ + 1]);
    return syntax(std::string(spare ? "extraneous" : "mismatched") + " input " + shown() +
                  " expecting " + std::string(kStarts));
  }

  ExprPtr nested() {
    take();
    ExprPtr out = expression();
    return out && expect(")") ? std::move(out) : nullptr;
  }

  ExprPtr absolute() {
    take();
    if (now().kind != TokenKind::Ident) return unexpected();
    ExprPtr out = word();
    if (out) out->absolute = true;
    return out;
  }

  ExprPtr word() {
    const Token token = take();
    if (token.text == "true" || token.text == "false")
      return ExprMaker(token.place).constant(Value::boolean(token.text == "true"));
    if (token.text == "null") return ExprMaker(token.place).constant(Value());
    if (is_reserved(token.text))
      return refuse(token.place, "reserved identifier: " + std::string(token.text));
    if (is("(")) {
      const Place open = take().place;
      std::vector<ExprPtr> parts;
      if (!arguments(parts)) return nullptr;
      return finish_call(ExprMaker(open).call(std::string(token.text), std::move(parts)));
    }
    if (is("{")) return message(token);
    return ExprMaker(token.place).ident(std::string(token.text));
  }

  // Schemas declare no messages that could be made; the finding is the checker's.
  ExprPtr message(const Token& name) {
    const Place place = take().place;
    while (now().kind != TokenKind::End && !is("}")) {
      if (now().kind == TokenKind::Ident || now().kind == TokenKind::EscapedIdent) take();
      if (!expect(":") || !expression()) return nullptr;
      if (!accept(",")) break;
    }
    if (!expect("}")) return nullptr;
    ExprPtr out = ExprMaker(place).make(Expr::Form::Object);
    out->name = name.text;
    return out;
  }

  ExprPtr list() {
    ExprPtr out = ExprMaker(take().place).make(Expr::Form::List);
    while (!is("]")) {
      out->optional.push_back(accept("?"));
      ExprPtr part = expression();
      if (!part) return nullptr;
      out->parts.push_back(std::move(part));
      if (!accept(",")) break;
    }
    measure(*out);
    return expect("]") ? std::move(out) : nullptr;
  }

  ExprPtr map() {
    ExprPtr out = ExprMaker(take().place).make(Expr::Form::Map);
    while (!is("}")) {
      out->optional.push_back(accept("?"));
      ExprPtr key = expression();
      if (!key || !expect(":")) return nullptr;
      ExprPtr value = expression();
      if (!value) return nullptr;
      out->parts.push_back(std::move(key));
      out->parts.push_back(std::move(value));
      if (!accept(",")) break;
    }
    measure(*out);
    return expect("}") ? std::move(out) : nullptr;
  }

  ExprPtr literal(std::string_view sign) {
    const Token token = take();
    const ExprMaker maker(token.place);
    switch (token.kind) {
      case TokenKind::Int:
        return integer(token, sign);
      case TokenKind::Uint:
        return unsigned_integer(token);
      case TokenKind::Double:
        return real(token, sign);
      default:
        break;
    }
    std::string text, problem;
    if (!unquote(token, text, problem)) return refuse(token.place, problem);
    ExprPtr out = maker.text(std::move(text));
    if (token.kind == TokenKind::Bytes) out->constant = Value::bytes(out->text);
    return out;
  }

  ExprPtr integer(const Token& token, std::string_view sign) {
    const bool hex = token.text.starts_with("0x");
    const std::string digits = std::string(sign) + std::string(token.text.substr(hex ? 2 : 0));
    int64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number, hex ? 16 : 10);
    if (read.ec != std::errc() || read.ptr != end)
      return refuse(token.place, "invalid int literal");
    return ExprMaker(token.place).constant(Value::integer(number));
  }

  ExprPtr unsigned_integer(const Token& token) {
    const bool hex = token.text.starts_with("0x");
    const std::string_view digits =
        token.text.substr(hex ? 2 : 0, token.text.size() - (hex ? 3 : 1));
    uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    const auto read = std::from_chars(digits.data(), end, number, hex ? 16 : 10);
    if (read.ec != std::errc() || read.ptr != end)
      return refuse(token.place, "invalid uint literal");
    return ExprMaker(token.place).constant(Value::unsigned_integer(number));
  }

  ExprPtr real(const Token& token, std::string_view sign) {
    double number = 0;
    const char* end = token.text.data() + token.text.size();
    const auto read = std::from_chars(token.text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end)
      return refuse(token.place, "invalid double literal");
    return ExprMaker(token.place).constant(Value::real(sign.empty() ? number : -number));
  }

  std::vector<Token> tokens_;
  std::vector<Finding>& findings_;
  size_t at_ = 0;
  size_t depth_ = 0;
  bool failed_ = false;
};

}  // namespace

ExprPtr parse_expression(std::string_view source, std::vector<Finding>& findings) {
  if (const size_t size = code_points(source); size > limits::kExpressionCodePointsMax) {
    findings.push_back({{1, -1},
                        "expression code point size exceeds limit: size: " + std::to_string(size) +
                            ", limit " + std::to_string(limits::kExpressionCodePointsMax)});
    return nullptr;
  }
  std::vector<Token> tokens = tokenize(source, findings);
  ExprPtr out = Parser(std::move(tokens), findings).run();
  return findings.empty() ? std::move(out) : nullptr;
}

}  // namespace charter::cel
