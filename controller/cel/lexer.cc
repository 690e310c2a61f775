#include "controller/cel/lexer.h"

#include <array>
#include <cctype>

namespace charter::cel {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return std::isxdigit(static_cast<unsigned char>(c)) != 0;
}
bool starts_ident(char c) {
  return c == '_' || std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_ident(char c) {
  return starts_ident(c) || is_digit(c);
}

/// One pass over an expression.
class Lexer {
 public:
  Lexer(std::string_view source, std::vector<Finding>& findings)
      : source_(source), findings_(findings) {}

  std::vector<Token> run() {
    std::vector<Token> out;
    for (;;) {
      skip_blank();
      if (at_ >= source_.size()) break;
      const Place place = place_;
      const size_t length = token_length();
      if (length == 0) {
        refuse();
        continue;
      }
      out.push_back(Token{kind_, source_.substr(at_, length), place});
      advance(length);
    }
    out.push_back(Token{TokenKind::End, {}, place_});
    return out;
  }

 private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  void advance(size_t bytes) {
    for (size_t i = 0; i < bytes && at_ < source_.size(); ++i, ++at_) {
      if (source_[at_] == '\n') {
        ++place_.line;
        place_.column = 0;
      } else if ((static_cast<unsigned char>(source_[at_]) & 0xC0U) != 0x80U) {
        ++place_.column;
      }
    }
  }

  void skip_blank() {
    for (;;) {
      const char c = peek();
      if (at_ < source_.size() && (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f')) {
        advance(1);
      } else if (c == '/' && peek(1) == '/') {
        while (at_ < source_.size() && peek() != '\n')
          advance(1);
      } else {
        return;
      }
    }
  }

  void refuse() {
    const size_t begin = at_;
    const Place place = place_;
    advance(1);
    while (at_ < source_.size() && (static_cast<unsigned char>(peek()) & 0xC0U) == 0x80U)
      advance(1);
    findings_.push_back({place, "Syntax error: token recognition error at: '" +
                                    std::string(source_.substr(begin, at_ - begin)) + "'"});
  }

  // Length in bytes of the token here, 0 when there is none; sets kind_.
  size_t token_length() {
    const char c = peek();
    if (const size_t text = string_length()) return text;
    if (starts_ident(c)) {
      kind_ = TokenKind::Ident;
      size_t n = 1;
      while (is_ident(peek(n)))
        ++n;
      return n;
    }
    if (c == '`') return escaped_length();
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number_length();
    kind_ = TokenKind::Symbol;
    static constexpr std::array<std::string_view, 6> kPairs{"==", "!=", "<=", ">=", "&&", "||"};
    for (const std::string_view pair : kPairs)
      if (source_.substr(at_).starts_with(pair)) return 2;
    return std::string_view("<>[]{}().,-!?:+*/%").find(c) != std::string_view::npos ? 1 : 0;
  }

  size_t escaped_length() {
    size_t n = 1;
    while (is_ident(peek(n)) || peek(n) == '.' || peek(n) == '-' || peek(n) == '/' ||
           peek(n) == ' ')
      ++n;
    if (n == 1 || peek(n) != '`') return 0;
    kind_ = TokenKind::EscapedIdent;
    return n + 1;
  }

  size_t number_length() {
    size_t n = 0;
    kind_ = TokenKind::Int;
    if (peek() == '0' && peek(1) == 'x' && is_hex(peek(2))) {
      n = 2;
      while (is_hex(peek(n)))
        ++n;
    } else {
      while (is_digit(peek(n)))
        ++n;
      if (peek(n) == '.' && is_digit(peek(n + 1))) {
        kind_ = TokenKind::Double;
        ++n;
        while (is_digit(peek(n)))
          ++n;
      }
      n = exponent_end(n);
    }
    if (kind_ == TokenKind::Int && (peek(n) == 'u' || peek(n) == 'U')) {
      kind_ = TokenKind::Uint;
      ++n;
    }
    return n;
  }

  size_t exponent_end(size_t n) {
    if (peek(n) != 'e' && peek(n) != 'E') return n;
    size_t digits = n + 1;
    if (peek(digits) == '+' || peek(digits) == '-') ++digits;
    if (!is_digit(peek(digits))) return n;
    while (is_digit(peek(digits)))
      ++digits;
    kind_ = TokenKind::Double;
    return digits;
  }

  // Prefixes r, b, br with one or three quotes.
  size_t string_length() {
    size_t n = 0;
    bool raw = false;
    kind_ = TokenKind::String;
    if (peek(n) == 'b' || peek(n) == 'B') {
      kind_ = TokenKind::Bytes;
      ++n;
    }
    if (peek(n) == 'r' || peek(n) == 'R') {
      raw = true;
      ++n;
    }
    const char quote = peek(n);
    if (quote != '"' && quote != '\'') return 0;
    const bool triple = peek(n + 1) == quote && peek(n + 2) == quote;
    n += triple ? 3 : 1;
    for (; at_ + n < source_.size(); ++n) {
      const char c = peek(n);
      if (!triple && (c == '\n' || c == '\r')) return 0;
      if (c == '\\' && !raw) {
        ++n;
      } else if (c == quote && (!triple || (peek(n + 1) == quote && peek(n + 2) == quote))) {
        return n + (triple ? 3 : 1);
      }
    }
    return 0;
  }

  std::string_view source_;
  std::vector<Finding>& findings_;
  size_t at_ = 0;
  Place place_;
  TokenKind kind_ = TokenKind::End;
};

/// Resolves the escapes of one literal's inside.
class Unescaper {
 public:
  Unescaper(std::string_view inside, bool bytes) : rest_(inside), bytes_(bytes) {}

  bool run(std::string& out, std::string& problem) {
    while (!rest_.empty()) {
      const char c = rest_[0];
      rest_.remove_prefix(1);
      if (c == '\r') {  // as the grammar says: line ends are \n
        if (!rest_.starts_with('\n')) out += '\n';
      } else if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        problem = "unable to unescape string";
        return false;
      }
    }
    return true;
  }

 private:
  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    static constexpr std::string_view kNames = "abfnrtv\\'\"`?";
    static constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\'\"`?";
    if (const size_t at = kNames.find(c); at != std::string_view::npos) {
      out += kMeant[at];
      rest_.remove_prefix(1);
      return true;
    }
    if (c >= '0' && c <= '3') return number(3, 8, out, true);
    rest_.remove_prefix(1);
    if (c == 'x' || c == 'X') return number(2, 16, out, true);
    if (c == 'u' && !bytes_) return number(4, 16, out, false);
    if (c == 'U' && !bytes_) return number(8, 16, out, false);
    return false;
  }

  bool number(size_t digits, uint32_t base, std::string& out, bool octet) {
    if (rest_.size() < digits) return false;
    uint32_t code = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = rest_[i];
      const uint32_t digit = is_digit(c) ? static_cast<uint32_t>(c - '0')
                             : is_hex(c) ? static_cast<uint32_t>((c | 0x20) - 'a' + 10)
                                         : 99;
      if (digit >= base) return false;
      code = code * base + digit;
    }
    rest_.remove_prefix(digits);
    if (octet && bytes_) {
      out += static_cast<char>(code);
      return true;
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
    append_code_point(code, out);
    return true;
  }

  static void append_code_point(uint32_t code, std::string& out) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xC0U | code >> 6U);
      out += static_cast<char>(0x80U | (code & 0x3FU));
    } else if (code < 0x10000) {
      out += static_cast<char>(0xE0U | code >> 12U);
      out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
      out += static_cast<char>(0x80U | (code & 0x3FU));
    } else {
      out += static_cast<char>(0xF0U | code >> 18U);
      out += static_cast<char>(0x80U | (code >> 12U & 0x3FU));
      out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
      out += static_cast<char>(0x80U | (code & 0x3FU));
    }
  }

  std::string_view rest_;
  bool bytes_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source, std::vector<Finding>& findings) {
  return Lexer(source, findings).run();
}

bool unquote(const Token& token, std::string& out, std::string& problem) {
  std::string_view text = token.text;
  bool raw = false;
  while (text[0] != '"' && text[0] != '\'') {
    raw |= text[0] == 'r' || text[0] == 'R';
    text.remove_prefix(1);
  }
  const size_t quotes = text.size() >= 6 && text[1] == text[0] && text[2] == text[0] ? 3 : 1;
  text = text.substr(quotes, text.size() - 2 * quotes);
  if (!raw) return Unescaper(text, token.kind == TokenKind::Bytes).run(out, problem);
  out = text;
  return true;
}

}  // namespace charter::cel
