#pragma once

#include "controller/cel/ast.h"

#include <string>

namespace charter::cel {

/// Computes what an expression says about constants alone, once: literals of lists and maps, and
/// conversions of literals. Cost is counted as if they had been written as values, as kube does.
/// False, with `problem` set, when such a conversion fails: the expression could never succeed.
bool fold_constants(Expr& expr, std::string& problem);

}  // namespace charter::cel
