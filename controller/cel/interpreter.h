#pragma once

#include "controller/cel/ast.h"
#include "controller/cel/functions.h"
#include "controller/cel/program.h"

#include <vector>

namespace charter::cel {

/// One evaluation of one checked tree. Errors are values that && and || may absorb. Cost is counted
/// as kube's tracker does: one for each name and each step of a path, what call_cost says for
/// calls, ten for a list and thirty for a map.
class Interpreter {
 public:
  Interpreter(const std::vector<Value>& variables, size_t slots);
  Outcome run(const Expr& expr);

 private:
  Value evaluate(const Expr& expr);
  /// Of a path inside another (a branch of a condition, an index): its first name is not counted.
  Value evaluate_inner(const Expr& expr);
  Value select(const Expr& expr);
  Value select_optional(const Expr& expr);
  Value index(const Expr& expr);
  Value call(const Expr& expr);
  Value call_function(const Expr& expr);
  Value logical(const Expr& expr);
  Value conditional(const Expr& expr);
  Value or_else(const Expr& expr);
  Value make_list(const Expr& expr);
  Value make_map(const Expr& expr);
  Value add_to_list(const Expr& expr);
  Value insert(const Expr& expr);
  Value insert_entry(std::map<Value, Value, KeyLess>& entries, const Value& key, Value value);
  Value comprehension(const Expr& expr);
  Value loop(const Expr& expr, const Value& range);
  /// False once the evaluation costs too much.
  bool spend(uint64_t cost);
  /// What a step of a path costs beyond itself when it does not begin with a name.
  void spend_step(const Expr& operand);

  std::vector<Value> slots_;
  CallContext context_;
  uint64_t cost_ = 0;
  bool cancelled_ = false;
};

}  // namespace charter::cel
