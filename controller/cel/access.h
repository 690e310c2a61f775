#pragma once

#include "controller/cel/value.h"

#include <optional>
#include <string>

// The server's authorizer as expressions reach it:
// `authorizer.group('').resource('configmaps').namespace('lab').check('create').allowed()`.
namespace charter::cel {

/// What an expression asks about.
struct AccessAsk {
  std::string account_ns, account;  ///< a ServiceAccount; empty: the caller of the request
  std::optional<std::string> path;  ///< set: not about a resource
  std::string group, resource, subresource;
  std::string ns, name;
  std::string verb;
  bool operator==(const AccessAsk&) const = default;
};

/// Who answers. Thread contract: called from whichever thread evaluates.
class AccessJudge {
 public:
  struct Answer {
    bool allowed = false;
    std::string reason;
  };
  virtual ~AccessJudge() = default;
  virtual Answer decide(const AccessAsk& ask) const = 0;
};

/// The types of the variables `authorizer` and `authorizer.requestResource`.
TypePtr authorizer_type();
TypePtr resource_check_type();

/// The variable `authorizer`. The judge must outlive the evaluation.
Value authorizer_value(const AccessJudge& judge);
/// The variable `authorizer.requestResource`: a check that `ask` describes but for its verb.
Value resource_check_value(const AccessJudge& judge, AccessAsk ask);

}  // namespace charter::cel
