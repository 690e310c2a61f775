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

// The audit log as the API sees it: a bounded queue, and one writer at a time who hands what is
// queued to the kernel in one write(2).
//
//   append(event, done)   the caller writes it himself, and all that is queued, when nobody writes
//                         just then; else whoever writes takes it along and `done` is told. Then it
//                         is in the kernel: a killed process keeps it
//   append(event)         nobody waits: a thread writes it within limits::kAuditLinger; a record
//                         that cannot be kept is counted as lost
//
// A lone caller thus pays for a write(2) and for no other thread, and of many one pays for all.
// About once a second while there is something new the thread syncs the files and the head file
// follows: a power cut takes at most that second, and no caller waits for a sync but at the end of
// a file. When the log cannot be written, whoever waits is told why at once, and it is tried again
// with the next record and every second; the first record that can be written says how many were
// lost.
namespace charter {

/// How and where.
struct AuditLogOptions {
  AuditJournalOptions journal;
  /// Inline writes and syncs inside append, for tests without threads.
  enum class Writer { Thread, Inline };
  Writer writer = Writer::Thread;
};

/// The log. Thread-safe; `done` runs on the thread of whoever wrote and must not block.
class AuditLog {
 public:
  using Done = std::function<void(const Status&)>;

  /// Opens or creates it, and records the start. Errors: as AuditJournal::open, or the first record
  /// cannot be written.
  static Result<std::unique_ptr<AuditLog>> open(AuditLogOptions options, const Clock& clock,
                                                Random& random, Metrics& metrics);
  ~AuditLog();

  /// Takes an open event (audit_event.h). Returns what came of it when that is known at once; else
  /// nothing, and `done` is told later, on another thread. Errors: TooManyRequests when too much
  /// waits, InsufficientStorage or ServiceUnavailable when it cannot be written, ServiceUnavailable
  /// when the log is stopped.
  std::optional<Status> append(std::string event, Done done);
  /// The same for a record that nobody waits for.
  void append(std::string event);
  /// Success, or why the last attempt to write failed.
  Status health() const;
  /// Writes what is queued and the end, syncs, and takes no more. Idempotent.
  void stop();

 private:
  /// A queued record. At most one of the other two is set: who is told, or where its own writer
  /// looks.
  struct Pending {
    std::string event;
    Done done = {};
    std::optional<Status>* outcome = nullptr;
    bool is_waited_for() const { return done || outcome != nullptr; }
  };

  AuditLog(AuditLogOptions options, AuditJournal journal, const Clock& clock, Random& random,
           Metrics& metrics);
  std::optional<Error> refusal(size_t bytes) const;
  void enqueue(Pending pending);
  void write_until(std::unique_lock<std::mutex>& lock, const std::function<bool()>& enough);
  void run();
  void gather(std::unique_lock<std::mutex>& lock);
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

  AuditJournal journal_;  // used by who writes only, as the three below
  bool dirty_ = false;
  Duration synced_at_{};
  Duration tried_at_{};

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  bool writing_ = false;  // somebody uses the journal
  std::vector<Pending> queue_;
  size_t queue_bytes_ = 0;
  size_t waited_for_ = 0;  // of the queue
  uint64_t lost_ = 0;
  Status failure_;  // of the last attempt
  std::string failing_since_;
  bool stopping_ = false;

  std::mutex stop_mutex_;
  std::thread thread_;
};

}  // namespace charter
