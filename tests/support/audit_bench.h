#pragma once

#include "controller/api/audit.h"
#include "controller/api/audit_verify.h"
#include "controller/base/clock.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"
#include "controller/object/value.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// An audit log in a directory of its own, for tests of what writes and reads it.
namespace charter::test {

/// Files and parts of one audit log; the files go when it dies.
class AuditBench {
 public:
  AuditBench();
  ~AuditBench();
  AuditBench(const AuditBench&) = delete;
  AuditBench& operator=(const AuditBench&) = delete;

  std::string folder() const { return folder_; }
  std::string path() const { return folder_ + "/log/audit.log"; }
  std::string head_path() const { return folder_ + "/audit-head"; }
  AuditJournalOptions journal_options() const;

  /// A log that writes where it is asked; `file_bytes_max` as in AuditJournalOptions.
  std::unique_ptr<AuditLog> open(uint64_t file_bytes_max = 100'000'000,
                                 AuditLogOptions::Writer writer = AuditLogOptions::Writer::Inline);
  /// A log with `count` records of its own beside start and stop, closed again.
  void write_log(int count, uint64_t file_bytes_max = 100'000'000);

  /// All files, oldest first, and what is in them.
  std::vector<std::string> files() const;
  std::string text() const;
  std::vector<Json> events() const;
  /// Events of one request or verb: those whose member has that value.
  std::vector<Json> events_with(const std::string& member, const std::string& value) const;
  AuditVerified verify() const;

  SystemClock& clock() { return clock_; }
  SeededRandom& random() { return random_; }
  Metrics& metrics() { return metrics_; }

 private:
  std::string folder_;
  SystemClock clock_;
  SeededRandom random_{5};
  Metrics metrics_;
};

/// An open event of about `bytes` bytes, as AuditLog takes them.
std::string open_event(const std::string& id, size_t bytes = 0);

/// The text of a file, and a file with that text.
std::string slurp(const std::string& path);
void spill(const std::string& path, const std::string& text);

}  // namespace charter::test
