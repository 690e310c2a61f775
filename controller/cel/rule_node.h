#pragma once

#include "controller/cel/declared.h"
#include "controller/cel/program.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

// The compiled form of a schema's rules, shared by rules_compile.cc and rules_evaluate.cc.
namespace charter::cel {

/// One entry of x-kubernetes-validations.
struct CompiledRule {
  std::string rule, message, message_expression, reason;
  std::string field_path;  ///< normalised: "name", "labels[a]"
  bool optional_old = false;
  bool uses_old = false;
  std::unique_ptr<const Program> program;          ///< null when `error` says why
  std::unique_ptr<const Program> message_program;  ///< null without one, or when it is wrong
  std::string error;
  std::string message_error;
};

/// A node of the schema that has rules, or one below it.
struct RuleNode {
  const Declared* declared = nullptr;
  std::string type;  ///< the schema's `type`, which findings print in place of a value
  std::vector<CompiledRule> rules;
  std::map<std::string, std::unique_ptr<RuleNode>, std::less<>> fields;
  std::unique_ptr<RuleNode> items;
  std::unique_ptr<RuleNode> values;
  std::vector<std::unique_ptr<RuleNode>> all_of;
};

/// The place `path` names below a schema, as rules write it (".a.b", "['a']"); nothing when there
/// is no such field.
std::optional<std::string> normalize_field_path(std::string_view path, const Json& schema);

/// Compiles one rule for the node of `schema` that is declared as `self`.
CompiledRule compile_rule(const Json& source, const Declared& self, const Json& schema);

}  // namespace charter::cel
