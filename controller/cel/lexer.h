#pragma once

#include "controller/cel/ast.h"

#include <string>
#include <string_view>
#include <vector>

namespace charter::cel {

/// What a token is; Symbol covers operators and brackets.
enum class TokenKind : uint8_t {
  End,
  Ident,
  EscapedIdent,
  Int,
  Uint,
  Double,
  String,
  Bytes,
  Symbol
};

/// One token. `text` views the expression, quotes and all.
struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;
  Place place;
};

/// Splits an expression; always ends with an End token. Findings are kept in `findings` and what
/// they are about is skipped. Pure.
std::vector<Token> tokenize(std::string_view source, std::vector<Finding>& findings);

/// The bytes of a string or bytes literal with its escapes resolved, or nothing with `problem` set.
bool unquote(const Token& token, std::string& out, std::string& problem);

}  // namespace charter::cel
