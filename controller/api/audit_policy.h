#pragma once

#include "controller/api/rbac_rule.h"
#include "controller/object/admit.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The audit policy: audit.k8s.io/v1 Policy read from a file, and what it says of one request.
// Matches as kube-apiserver's policy checker does: the first rule that fits decides, none is None.
// Immutable after reading; thread-safe.
namespace charter {

/// How much of a request is recorded, in ascending order.
enum class AuditLevel { None, Metadata, Request, RequestResponse };
/// When a record is made.
enum class AuditStage { RequestReceived, ResponseStarted, ResponseComplete, Panic };

/// The words of audit.k8s.io/v1.
std::string_view level_word(AuditLevel level);
std::string_view stage_word(AuditStage stage);

/// A set of stages.
class AuditStages {
 public:
  void add(AuditStage stage) { bits_ |= bit(stage); }
  void add(AuditStages others) { bits_ |= others.bits_; }
  bool contains(AuditStage stage) const { return (bits_ & bit(stage)) != 0; }

 private:
  static uint8_t bit(AuditStage stage) {
    return static_cast<uint8_t>(1U << static_cast<unsigned>(stage));
  }
  uint8_t bits_ = 0;
};

/// What is to be recorded of one request.
struct AuditVerdict {
  AuditLevel level = AuditLevel::None;
  AuditStages omitted;
  bool omit_managed_fields = false;
};

/// Resources of one API group that a rule is about.
struct AuditResources {
  std::string group;
  std::vector<std::string> resources;  ///< "pods", "pods/status", "pods/*", "*/status", "*"
  std::vector<std::string> names;
};

/// One rule; an empty list means all.
struct AuditRule {
  AuditVerdict verdict;
  std::vector<std::string> users, groups, verbs, namespaces, paths;
  std::vector<AuditResources> resources;
};

/// A whole policy.
struct AuditPolicy {
  std::vector<AuditRule> rules;
  AuditVerdict otherwise;  ///< of a request that no rule fits: None
  /// Records refused requests (401, 403) at Metadata although their rule says None. Only the
  /// built-in policy does; the format of the file has no word for it.
  bool records_refusals = false;

  /// What holds for a request. `caller` is who was authenticated, before impersonation; null when
  /// nobody could be: rules about users and groups then do not fit. The level of what carries
  /// credentials is at most Metadata, whatever the rule says.
  AuditVerdict judge(const Caller* caller, const AccessRequest& request) const;
};

/// True for resources whose requests or answers hold credentials: Secrets, tokens of
/// ServiceAccounts, TokenReviews.
bool carries_credentials(const AccessRequest& request);

/// Reads a Policy in YAML or JSON. Errors: Invalid with the path of every wrong or unknown field.
Result<AuditPolicy> parse_audit_policy(std::string_view text);

/// The policy that holds without a file (controller/api/policies/audit.yaml).
AuditPolicy builtin_audit_policy();

}  // namespace charter
