#pragma once

#include "controller/cel/declared.h"
#include "controller/object/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// x-kubernetes-validations of one schema: compiled once for a served version, evaluated on each
// write. Places, words and order are kube-apiserver's.
namespace charter::cel {

struct RuleNode;

/// What the rules say about a write.
struct RuleReport {
  std::vector<Cause> causes;
  /// Findings about what an update left as it was: told, not refused (ratcheting).
  std::vector<std::string> warnings;
};

/// Whether what rules may cost is a reason to refuse them. A definition that stood before it was
/// asked can still be written.
enum class CostRule : uint8_t { Limited, Unlimited };

/// The rules of one schema. Immutable; thread-safe.
class RuleSet {
 public:
  /// Compiles the rules of `schema` (openAPIV3Schema, found at `path` of its definition). What kube
  /// refuses in a definition is appended to `causes`; such a rule stays in the set and fails each
  /// write it would judge. Null when the schema has no rules.
  static std::shared_ptr<const RuleSet> compile(const Json& schema, const std::string& path,
                                                std::vector<Cause>& causes,
                                                CostRule cost = CostRule::Limited);

  /// Judges an object as it would be stored, against the one it replaces (null on create). Both
  /// have passed their schema. The cost of one write is bounded by limits::kWriteCostMax.
  void validate(const Json& object, const Json* before, RuleReport& report) const;

  ~RuleSet();

 private:
  RuleSet();
  std::unique_ptr<Declared> declared_;
  std::unique_ptr<RuleNode> root_;
};

/// True when an x-kubernetes-validations stands somewhere in the schema.
bool has_rules(const Json& schema);

}  // namespace charter::cel
