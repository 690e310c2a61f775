#include "controller/api/audit_log.h"

#include "controller/api/audit_event.h"
#include "controller/api/audit_limits.h"
#include "controller/base/limits.h"
#include "controller/base/log.h"

#include <utility>

namespace charter {
namespace {

Error stopped() {
  return {
      Code::ServiceUnavailable, "the audit log is closed: the server is stopping", {}, {}, {}, 1};
}

Error crowded() {
  return {Code::TooManyRequests, "too many audit records are waiting for the disk", {}, {}, {}, 1};
}

std::string start_note(const std::vector<std::string>& notes) {
  std::string out = "the server started";
  for (const std::string& note : notes)
    out += "; " + note;
  return out;
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::open(AuditLogOptions options, const Clock& clock,
                                                 Random& random, Metrics& metrics) {
  CHARTER_TRY_ASSIGN(AuditJournal journal, AuditJournal::open(options.journal, clock));
  std::unique_ptr<AuditLog> log(
      new AuditLog(std::move(options), std::move(journal), clock, random, metrics));
  for (const std::string& note : log->journal_.notes())
    log_warn("audit", note, {{"log", log->options_.journal.path}});
  CHARTER_TRY(log->write_own("start", start_note(log->journal_.notes())));
  CHARTER_TRY(log->journal_.sync());
  if (log->options_.writer == AuditLogOptions::Writer::Thread)
    log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

AuditLog::AuditLog(AuditLogOptions options, AuditJournal journal, const Clock& clock,
                   Random& random, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      events_(metrics.counter("apiserver_audit_event_total",
                              "Counter of audit events generated and sent to the audit backend.")),
      errors_(metrics.counter("apiserver_audit_error_total",
                              "Counter of audit events that failed to be audited properly. Plugin "
                              "identifies the plugin affected by the error.",
                              {{"plugin", "log"}})),
      journal_(std::move(journal)) {}

AuditLog::~AuditLog() {
  stop();
}

std::optional<Error> AuditLog::refusal(size_t bytes) const {
  if (stopping_) return stopped();
  if (queue_bytes_ + bytes > limits::kAuditQueueBytesMax) return crowded();
  return std::nullopt;
}

void AuditLog::enqueue(Pending pending) {
  queue_bytes_ += pending.event.size();
  if (pending.is_waited_for()) ++waited_for_;
  queue_.push_back(std::move(pending));
}

void AuditLog::append(std::string event) {
  events_.increment();
  std::unique_lock lock(mutex_);
  if (refusal(event.size())) {
    ++lost_;
    lock.unlock();
    errors_.increment();
    return;
  }
  enqueue({std::move(event)});
  if (options_.writer == AuditLogOptions::Writer::Inline) {
    if (!writing_) write_until(lock, [this] { return queue_.empty(); });
    return;
  }
  // The thread takes the whole queue at once: only the first needs to wake it.
  const bool first = queue_.size() == 1;
  lock.unlock();
  if (first) wake_.notify_one();
}

std::optional<Status> AuditLog::append(std::string event, Done done) {
  events_.increment();
  std::unique_lock lock(mutex_);
  if (auto refused = refusal(event.size())) {
    lock.unlock();
    errors_.increment();
    return *std::move(refused);
  }
  if (writing_) {
    enqueue({std::move(event), std::move(done)});
    return std::nullopt;
  }
  std::optional<Status> outcome;
  enqueue({std::move(event), {}, &outcome});
  const bool alone = options_.writer == AuditLogOptions::Writer::Inline;
  write_until(lock, [&] { return alone ? queue_.empty() : outcome.has_value(); });
  // What came meanwhile is for the thread: a caller is not kept writing for others.
  const bool awaited = !queue_.empty() || stopping_;
  lock.unlock();
  if (awaited) wake_.notify_one();
  return outcome;
}

/// Writes batches as the one who writes, at least one; with the mutex held, which is let go for the
/// writing.
void AuditLog::write_until(std::unique_lock<std::mutex>& lock,
                           const std::function<bool()>& enough) {
  writing_ = true;
  do {
    std::vector<Pending> batch = take_batch();
    lock.unlock();
    write(std::move(batch));
    if (options_.writer == AuditLogOptions::Writer::Inline) sync();
    lock.lock();
  } while (!enough());
  writing_ = false;
}

Status AuditLog::health() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::vector<AuditLog::Pending> AuditLog::take_batch() {
  size_t bytes = 0;
  size_t count = 0;
  for (; count < queue_.size() && (count == 0 || bytes < limits::kAuditBatchBytesMax); ++count) {
    bytes += queue_[count].event.size();
    if (queue_[count].is_waited_for()) --waited_for_;
  }
  queue_bytes_ -= bytes;
  if (count == queue_.size()) return std::exchange(queue_, {});
  const auto end = queue_.begin() + static_cast<ptrdiff_t>(count);
  std::vector<Pending> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  return batch;
}

/// Whether the thread has work although nothing is queued; with the mutex held, while nobody
/// writes.
bool AuditLog::due() const {
  const Duration now = clock_.monotonic();
  if (!failure_ && now - tried_at_ >= limits::kAuditRetryInterval) return true;
  return dirty_ && now - synced_at_ >= limits::kAuditSyncInterval;
}

/// Lets records come together that nobody waits for.
void AuditLog::gather(std::unique_lock<std::mutex>& lock) {
  wake_.wait_for(lock, limits::kAuditLinger, [this] {
    return stopping_ || waited_for_ > 0 || queue_bytes_ >= limits::kAuditBatchBytesMax;
  });
}

void AuditLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    const auto ready = [this] { return !writing_ && (!queue_.empty() || stopping_ || due()); };
    if (writing_ || dirty_ || !failure_) {
      wake_.wait_for(lock, limits::kAuditSyncInterval, ready);
    } else {
      wake_.wait(lock, ready);
    }
    if (!queue_.empty()) gather(lock);
    if (writing_) continue;
    if (queue_.empty() && stopping_) return;
    const bool retry = !failure_ && clock_.monotonic() - tried_at_ >= limits::kAuditRetryInterval;
    if (retry || !queue_.empty()) write_until(lock, [] { return true; });
    if (!dirty_ || clock_.monotonic() - synced_at_ < limits::kAuditSyncInterval) continue;
    writing_ = true;
    lock.unlock();
    sync();
    lock.lock();
    writing_ = false;
  }
}

std::string AuditLog::own_event(std::string_view verb, std::string_view note) {
  return audit_own_event(uuid4(random_), verb, note, clock_.now());
}

Status AuditLog::write_own(std::string_view verb, const std::string& note) {
  std::vector<std::string> events{own_event(verb, note)};
  CHARTER_TRY(journal_.append(events));
  dirty_ = true;
  return {};
}

/// What the first record after a failure says; `told` becomes how many lost records it speaks of.
std::optional<std::string> AuditLog::recovery_event(uint64_t& told) {
  const std::lock_guard lock(mutex_);
  told = lost_;
  if (failure_ && lost_ == 0) return std::nullopt;
  std::string note = std::to_string(lost_) + " records were lost";
  if (!failure_) note += "; since " + failing_since_ + ": " + failure_.error().message;
  return own_event("gap", note);
}

/// Writes a batch, with what is to be said of an earlier failure before it.
void AuditLog::write(std::vector<Pending> batch) {
  std::vector<std::string> events;
  uint64_t told = 0;
  if (auto recovery = recovery_event(told)) events.push_back(std::move(*recovery));
  uint64_t unwaited = 0;
  for (Pending& one : batch) {
    if (!one.is_waited_for()) ++unwaited;
    events.push_back(std::move(one.event));
  }
  if (events.empty()) return;
  tried_at_ = clock_.monotonic();
  const Status outcome = journal_.append(events);
  if (outcome) {
    dirty_ = true;
    const std::lock_guard lock(mutex_);
    lost_ -= told;
    if (!failure_)
      log_info("audit", "the log can be written again", {{"lost", std::to_string(told)}});
    failure_ = {};
  } else {
    errors_.add(static_cast<double>(batch.size()));
    note_failure(outcome.error());
    const std::lock_guard lock(mutex_);
    lost_ += unwaited;
  }
  for (const Pending& one : batch) {
    if (one.done) one.done(outcome);
    if (one.outcome != nullptr) *one.outcome = outcome;
  }
}

void AuditLog::note_failure(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (failure_) {
    failing_since_ = format_time(clock_.now());
    log_error("audit", "the log cannot be written", {{"error", error.message}});
  }
  failure_ = error;
}

void AuditLog::sync() {
  if (!dirty_) return;
  synced_at_ = clock_.monotonic();
  if (const Status synced = journal_.sync(); !synced) return note_failure(synced.error());
  dirty_ = false;
}

void AuditLog::stop() {
  // Two callers must not both join.
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();  // it ends when nobody writes
  const Status ended = write_own("stop", "the server stopped");
  if (!ended)
    log_error("audit", "the end could not be recorded", {{"error", ended.error().message}});
  sync();
}

}  // namespace charter
