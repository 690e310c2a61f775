#pragma once

#include "controller/cel/ast.h"
#include "controller/cel/declared.h"

#include <cstdint>

namespace charter::cel {

/// The most that evaluating a checked, unfolded expression may cost on any document that fits the
/// schema `root` is the declaration of (the type of `self`). Where a schema bounds nothing, what
/// fits into one request does; where not even that is known, the answer is UINT64_MAX. Follows
/// cel-go's and kube-apiserver's estimators number for number, their oddities included, for a rule
/// that one server accepts must be accepted by the other. Pure; linear in the tree.
uint64_t estimate_cost(const Expr& expr, const Declared& root);

}  // namespace charter::cel
