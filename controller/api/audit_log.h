#pragma once

#include "controller/api/audit_journal.h"
#include "controller/base/metrics.h"
#include "controller/base/random.h"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// The audit log as the API sees it: a bounded queue and one thread that hands what is queued to the
// kernel in one write(2), so that nobody who appends ever waits for a disk.
//
//   append(event, done)   done is told when the record is in the kernel: a killed process keeps it
//   append(event)         nobody waits; a record that cannot be kept is counted as lost
//
// About once a second while there is something new the files are synced and the head file follows:
// a power cut takes at most that second. When the log cannot be written, whoever waits is told why
// at once, and it is tried again with the next record and every second; the first record that can
// be written says how many were lost.
namespace charter {

/// How and where.
struct AuditLogOptions {
  AuditJournalOptions journal;
  /// Inline writes inside append and syncs at once, for tests without threads.
  enum class Writer { Thread, Inline };
  Writer writer = Writer::Thread;
};

/// The log. Thread-safe; `done` runs on the writer's thread (early refusals on the caller's) and
/// must not block.
class AuditLog {
 public:
  using Done = std::function<void(const Status&)>;

  /// Opens or creates it, and records the start. Errors: as AuditJournal::open, or the first record
  /// cannot be written.
  static Result<std::unique_ptr<AuditLog>> open(AuditLogOptions options, const Clock& clock,
                                                Random& random, Metrics& metrics);
  ~AuditLog();

  /// Queues an open event (audit_event.h). `done` gets TooManyRequests when too much waits,
  /// InsufficientStorage or ServiceUnavailable when it cannot be written, ServiceUnavailable when
  /// the log is stopped.
  void append(std::string event, Done done);
  /// The same for a record that nobody waits for.
  void append(std::string event);
  /// Success, or why the last attempt to write failed.
  Status health() const;
  /// Writes what is queued and the end, syncs, and takes no more. Idempotent.
  void stop();

 private:
  /// A queued record.
  struct Pending {
    std::string event;
    Done done;
  };

  AuditLog(AuditLogOptions options, AuditJournal journal, const Clock& clock, Random& random,
           Metrics& metrics);
  void run();
  bool due() const;
  std::vector<Pending> take_batch();
  void write(std::vector<Pending> batch);
  void sync();
  void note_failure(const Error& error);
  std::string own_event(std::string_view verb, std::string_view note);
  Status write_own(std::string_view verb, const std::string& note);
  std::optional<std::string> recovery_event(uint64_t& told);

  const AuditLogOptions options_;
  const Clock& clock_;
  Random& random_;
  Counter& events_;
  Counter& errors_;

  AuditJournal journal_;  // used by the writer only, as the three below
  bool dirty_ = false;
  Duration synced_at_{};
  Duration tried_at_{};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<Pending> queue_;
  size_t queue_bytes_ = 0;
  uint64_t lost_ = 0;
  Status failure_;  // of the last attempt
  std::string failing_since_;
  bool stopping_ = false;

  std::recursive_mutex writer_mutex_;  // Inline: one writer at a time; `done` may append again
  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace charter
