#pragma once

#include "controller/api/audit_chain.h"
#include "controller/base/result.h"

#include <optional>
#include <string>

// The second place that knows where the audit log ends: a small file beside the store, not beside
// the log. It is written over in place after each sync of the log, so it never promises more than
// is on the disk; a log that is shorter than it has lost its tail.
namespace charter {

/// What the head file says.
struct AuditHead {
  ChainPoint last;       ///< newest line that was on stable storage
  ChainPoint first;      ///< the point before the oldest line that is kept
  std::string log_path;  ///< of the current file; "-" for stdout
};

/// Reads a head file. A log below its folder stands in it without the folder, so that a data
/// directory may be moved or copied as a whole. Success with nothing when there is none. Errors:
/// InternalError when it is damaged or cannot be read.
Result<std::optional<AuditHead>> read_audit_head(const std::string& path);

/// The open file. One thread at a time.
class AuditHeadFile {
 public:
  /// Opens or creates (0600). Errors: InternalError.
  static Result<AuditHeadFile> open(const std::string& path);
  AuditHeadFile(AuditHeadFile&& other) noexcept;
  AuditHeadFile& operator=(AuditHeadFile&&) = delete;
  ~AuditHeadFile();

  /// Writes and syncs. Errors: InternalError, InsufficientStorage.
  Status write(const AuditHead& head);

 private:
  AuditHeadFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
  std::string written_path_;  // log_path as it stands in the file
};

}  // namespace charter
