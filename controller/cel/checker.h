#pragma once

#include "controller/cel/ast.h"

#include <string>
#include <vector>

namespace charter::cel {

/// A variable an expression may name; its slot is its place in the list.
struct Variable {
  std::string name;
  TypePtr type;
};

/// Resolves names, overloads and types of a parsed tree; fills in what Expr says the checker does.
/// Findings have cel-go's words. Returns how many slots an evaluation needs. `used` receives, for
/// each variable, whether the expression names it.
size_t check_expression(Expr& expr, const std::vector<Variable>& variables, std::vector<bool>& used,
                        std::vector<Finding>& findings);

}  // namespace charter::cel
