#pragma once

#include "controller/cel/checker.h"
#include "controller/cel/limits.h"
#include "controller/cel/value.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace charter::cel {

/// What an evaluation came to.
struct Outcome {
  Value value;  ///< may be an error
  uint64_t cost = 0;
  bool cancelled = false;  ///< it cost more than limits::kCallCostMax
};

/// One compiled expression. Immutable; evaluations of it may run side by side.
class Program {
 public:
  /// Null with `problem` set to what cel-go prints of the findings ("ERROR: <input>:1:2: …"), or to
  /// what goes wrong at once with its constants. With `root`, what the first variable is declared
  /// as, the program knows its max_cost().
  static std::unique_ptr<const Program> compile(std::string_view source,
                                                const std::vector<Variable>& variables,
                                                std::string& problem,
                                                const Declared* root = nullptr);

  /// Evaluates with one value for each variable. The outcome may point into the program and into
  /// what the values point to.
  Outcome evaluate(const std::vector<Value>& values) const;

  const Type& type() const { return *expr_->type; }
  /// True when the expression names the variable at this place of the list.
  bool uses(size_t variable) const { return used_[variable]; }
  /// The most that an evaluation can cost, as estimate_cost() says; 0 when it was not asked for.
  uint64_t max_cost() const { return max_cost_; }

 private:
  Program() = default;
  ExprPtr expr_;
  std::vector<bool> used_;
  size_t slots_ = 0;
  uint64_t max_cost_ = 0;
};

}  // namespace charter::cel
