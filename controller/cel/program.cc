#include "controller/cel/program.h"

#include "controller/cel/estimate.h"
#include "controller/cel/fold.h"
#include "controller/cel/interpreter.h"
#include "controller/cel/parser.h"

namespace charter::cel {

std::unique_ptr<const Program> Program::compile(std::string_view source,
                                                const std::vector<Variable>& variables,
                                                std::string& problem, const Declared* root) {
  std::vector<Finding> findings;
  std::unique_ptr<Program> out(new Program);
  out->expr_ = parse_expression(source, findings);
  if (out->expr_) out->slots_ = check_expression(*out->expr_, variables, out->used_, findings);
  if (!findings.empty()) {
    problem = findings_text(source, std::move(findings));
    return nullptr;
  }
  if (root != nullptr) out->max_cost_ = estimate_cost(*out->expr_, *root);
  return fold_constants(*out->expr_, problem) ? std::move(out) : nullptr;
}

Outcome Program::evaluate(const std::vector<Value>& values) const {
  return Interpreter(values, slots_).run(*expr_);
}

}  // namespace charter::cel
