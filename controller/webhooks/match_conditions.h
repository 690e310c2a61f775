#pragma once

#include "controller/base/result.h"
#include "controller/object/value.h"

#include <memory>
#include <string>
#include <vector>

// matchConditions of a webhook: expressions over one write, all of which must hold before the
// webhook is asked. They see `object`, `oldObject`, `request`, `authorizer` and
// `authorizer.requestResource`, in the version that the webhook would be shown.
namespace charter {

namespace cel {
class AccessJudge;
}

/// One condition as the configuration has it.
struct MatchCondition {
  std::string name, expression;
};

/// A write as conditions see it. Refers to the caller's.
struct ConditionInput {
  const Json& request;             ///< AdmissionRequest without its objects
  const Json* object;              ///< null on Delete
  const Json* before;              ///< null on Create
  const cel::AccessJudge* access;  ///< null: an expression that asks it fails
};

/// All conditions of one webhook, compiled when they are first asked. Copies share that.
class MatchConditions {
 public:
  MatchConditions() = default;
  explicit MatchConditions(std::vector<MatchCondition> conditions);

  bool empty() const { return compiled_ == nullptr; }
  /// True when all hold, false when one does not, whatever the others come to. Errors: Invalid, why
  /// it cannot be said; together they may cost limits::kConditionsCostMax. Thread-safe.
  Result<bool> match(const ConditionInput& input) const;

 private:
  struct Compiled;
  std::shared_ptr<Compiled> compiled_;
};

/// What kube-apiserver says about the conditions at `field` of a configuration.
void check_match_conditions(const Json& conditions, const std::string& field,
                            std::vector<Cause>& causes);

}  // namespace charter
