#pragma once

#include "controller/api/audit_head.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// Computes the whole chain of an audit log anew and tells where it does not hold. Reads only, also
// beside a running server.
namespace charter {

/// One place where the log is not what was written, or something to know about it.
struct AuditFinding {
  enum class Kind {
    Fault,  ///< the log was changed, or a part of it is missing
    Note,   ///< explained: a torn line after a crash, an unknown beginning
  };
  Kind kind = Kind::Fault;
  std::string file;
  uint64_t line = 0;      ///< from 1; 0: about the file as a whole
  uint64_t sequence = 0;  ///< 0: not known
  std::string what;
};

/// "FILE:LINE: record SEQUENCE: WHAT".
std::string to_string(const AuditFinding& finding);

/// What to look at.
struct AuditVerifyOptions {
  std::string log_path;           ///< of the current file; its earlier files lie beside it
  std::optional<AuditHead> head;  ///< what the head file says
  std::optional<ChainPoint>
      known;  ///< a point that somebody noted elsewhere; it must be in the chain
  /// Told now and then how many bytes of how many are done; may be empty.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

/// What was found.
struct AuditVerified {
  std::vector<AuditFinding> findings;  ///< at most kAuditFindingsMax
  uint64_t faults = 0;                 ///< all of them
  uint64_t records = 0, files = 0;
  ChainPoint last;  ///< newest record
};

/// Errors: NotFound when there is no log, ServiceUnavailable when it cannot be read.
Result<AuditVerified> verify_audit_log(const AuditVerifyOptions& options);

}  // namespace charter
