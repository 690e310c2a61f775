#pragma once

#include "controller/cel/ast.h"
#include "controller/cel/lexer.h"

#include <string_view>
#include <vector>

namespace charter::cel {

/// Parses an expression and expands its macros (has, all, exists, exists_one, map, filter, the
/// comprehensions of two variables, optMap, optFlatMap, sortBy). Null when there are findings,
/// whose places and words are cel-go's. Bounded by limits.h; pure.
ExprPtr parse_expression(std::string_view source, std::vector<Finding>& findings);

/// Makes nodes at one place of the source.
class ExprMaker {
 public:
  explicit ExprMaker(Place place) : place_(place) {}
  ExprPtr ident(std::string name) const;
  ExprPtr constant(Value value) const;
  ExprPtr text(std::string value) const;
  ExprPtr call(std::string name, std::vector<ExprPtr> parts) const;
  ExprPtr member_call(std::string name, std::vector<ExprPtr> parts) const;
  ExprPtr list(std::vector<ExprPtr> parts) const;
  ExprPtr select(ExprPtr operand, std::string name) const;
  /// parts as Expr::Form::Comprehension names them.
  ExprPtr comprehension(std::string first, std::string second, std::string result,
                        std::vector<ExprPtr> parts) const;
  ExprPtr make(Expr::Form form) const;

 private:
  Place place_;
};

/// The parts of a list, moved in (initializer lists only copy).
template <typename... Parts>
std::vector<ExprPtr> parts_of(Parts... parts) {
  std::vector<ExprPtr> out;
  (out.push_back(std::move(parts)), ...);
  return out;
}

/// The expansion of a call if it is a macro's: then `call` is consumed, and the result is null if a
/// finding was added. Nothing when it is an ordinary call.
struct Expansion {
  bool expanded = false;
  ExprPtr expr;
};
Expansion expand_macro(ExprPtr& call, std::vector<Finding>& findings);

/// Sets the depth of a node whose parts were added one by one.
void measure(Expr& expr);
/// Number of nodes of a tree.
size_t tree_size(const Expr& expr);
/// A deep copy of an unchecked tree.
ExprPtr clone(const Expr& expr);

}  // namespace charter::cel
