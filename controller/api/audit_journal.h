#pragma once

#include "controller/api/audit_file.h"
#include "controller/api/audit_head.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

// The audit log on the disk: sealed lines in files that rotate, and the head file that knows where
// they end. Opening it goes on with the chain where the last process left it, and tells what it
// found.
//
//   append  seal each event, rotate if full, one write(2)     on failure: file and chain as before
//   sync    fdatasync, then the head file
//
// Not thread-safe: AuditLog owns and calls it.
namespace charter {

/// Where and how much is kept.
struct AuditJournalOptions {
  std::string path;       ///< of the current file; "-" is stdout
  std::string head_path;  ///< beside the store
  uint64_t file_bytes_max = 0;
  size_t backups_max = 0;  ///< 0: all
  Duration age_max{};      ///< of earlier files, since they were written last; 0: for ever
};

/// The open log.
class AuditJournal {
 public:
  /// Errors: as AuditFile::open; a head file that cannot be read is an error as well.
  static Result<AuditJournal> open(AuditJournalOptions options, const Clock& clock);

  /// Seals and appends open events (audit_event.h), all or none.
  Status append(std::vector<std::string>& events);
  /// Makes everything appended durable.
  Status sync();
  /// What opening found that people should know, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }
  /// Newest line.
  const ChainPoint& last() const { return last_; }

 private:
  AuditJournal(AuditJournalOptions options, const Clock& clock, AuditFile file,
               AuditHeadFile head_file)
      : options_(std::move(options)),
        clock_(&clock),
        file_(std::move(file)),
        head_file_(std::move(head_file)) {}
  Status find_end(const std::optional<AuditHead>& head);
  Status take_tail(const AuditTail& tail);
  Status rotate();
  Status remove_old();
  Status write_head();

  AuditJournalOptions options_;
  const Clock* clock_;
  AuditFile file_;
  AuditHeadFile head_file_;
  ChainPoint last_;
  ChainPoint first_;  // the point before the oldest line that is kept
  std::vector<std::string> notes_;
  bool sync_failed_ = false;  // the kernel may have dropped pages of the current file
};

}  // namespace charter
