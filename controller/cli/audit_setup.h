#pragma once

#include "controller/api/audit.h"
#include "controller/base/command.h"

#include <memory>
#include <string>
#include <vector>

// What `charter serve` and `charter audit` share about the audit: flags, and the places of its
// files.
namespace charter {

/// The flags of `charter serve` that begin with "audit-".
std::vector<CommandFlag> audit_flags();

/// D/audit/audit.log: where records go when nothing else is said.
std::string default_audit_log(const std::string& data_dir);
/// D/audit-head: beside the store, not beside the log.
std::string audit_head_file(const std::string& data_dir);

/// A server's audit; `log` and `audit` are null when there is none.
struct AuditSetup {
  std::unique_ptr<AuditLog> log;
  std::unique_ptr<Audit> audit;  ///< gone before its log
};

/// What the flags ask for, checked before anything is started.
struct AuditSettings {
  bool enabled = true;
  AuditPolicy policy;
  AuditMode mode = AuditMode::BlockingStrict;
  AuditJournalOptions journal;
};

/// Errors: Invalid, naming the flag, or the policy's file and field.
Result<AuditSettings> read_audit_settings(const CommandInput& input);

/// Opens the log. The data directory is this process's own by now. Errors: as AuditLog::open.
Result<AuditSetup> start_audit(AuditSettings settings, const Clock& clock, Random& random,
                               Metrics& metrics);

}  // namespace charter
