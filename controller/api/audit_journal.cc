#include "controller/api/audit_journal.h"

#include "controller/base/limits.h"
#include "controller/base/log.h"
#include "controller/object/digest.h"

#include <algorithm>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

/// When a file was written last, in nanoseconds since 1970; nothing when it is gone.
std::optional<Duration> written_at(const std::string& path) {
  struct stat found = {};
  if (stat(path.c_str(), &found) != 0) return std::nullopt;
  return std::chrono::seconds(found.st_mtim.tv_sec) +
         std::chrono::nanoseconds(found.st_mtim.tv_nsec);
}

std::string range_text(uint64_t from, uint64_t to) {
  return from == to ? "record " + std::to_string(from)
                    : "records " + std::to_string(from) + " to " + std::to_string(to);
}

}  // namespace

Result<AuditJournal> AuditJournal::open(AuditJournalOptions options, const Clock& clock) {
  CHARTER_TRY_ASSIGN(AuditFile file, AuditFile::open(options.path));
  CHARTER_TRY_ASSIGN(const auto head, read_audit_head(options.head_path));
  CHARTER_TRY_ASSIGN(AuditHeadFile head_file, AuditHeadFile::open(options.head_path));
  AuditJournal out(std::move(options), clock, std::move(file), std::move(head_file));
  CHARTER_TRY(out.find_end(head));
  // What a killed process left may be in the kernel only, and the head must not promise more.
  CHARTER_TRY(out.sync());
  return out;
}

Status AuditJournal::find_end(const std::optional<AuditHead>& head) {
  if (head) first_ = head->first;
  if (head && head->log_path != options_.path) {
    notes_.push_back("the log continues from " + head->log_path + " after record " +
                     std::to_string(head->last.sequence));
    last_ = first_ = head->last;
    return file_.size() > 0 ? rotate() : Status();
  }
  if (!file_.is_regular()) {
    if (head) last_ = head->last;
    return {};
  }
  CHARTER_TRY_ASSIGN(AuditTail tail, read_audit_tail(options_.path));
  CHARTER_TRY(take_tail(tail));
  // A crash right after a rotation leaves an empty file: the end is in the newest of the others.
  if (!tail.last) {
    CHARTER_TRY_ASSIGN(const auto others, rotated_audit_files(options_.path));
    for (const std::string& path : others) {
      CHARTER_TRY_ASSIGN(const AuditTail other, read_audit_tail(path));
      if (other.last && other.last->sequence > last_.sequence) last_ = *other.last;
    }
  }
  if (!head) {
    if (last_.sequence > 0)
      notes_.push_back("there was no head file: whether " + options_.path +
                       " was complete cannot be told");
    return {};
  }
  if (last_.sequence < head->last.sequence) {
    notes_.push_back(range_text(last_.sequence + 1, head->last.sequence) +
                     " were on the disk and are missing at the end of the log");
    last_ = head->last;
  } else if (last_.sequence == head->last.sequence && last_.digest != head->last.digest) {
    notes_.push_back("record " + std::to_string(last_.sequence) +
                     " is not the one that was written");
    last_ = head->last;
  }
  return {};
}

Status AuditJournal::take_tail(const AuditTail& tail) {
  if (tail.last) last_ = *tail.last;
  if (tail.foreign) notes_.push_back("the last line of the log is no sealed event");
  if (tail.torn.empty()) return {};
  // Nobody was told that it is written, so nothing happened on its account.
  notes_.push_back(
      "a torn line of " + std::to_string(tail.torn.size()) +
      " bytes at the end of the log was cut off (a crash while it was written); its SHA-256 is " +
      sha256_hex(tail.torn));
  return file_.cut(file_.size() - tail.torn.size());
}

Status AuditJournal::append(std::vector<std::string>& events) {
  ChainPoint point = last_;
  std::string lines;
  size_t bytes = 0;
  for (const std::string& event : events)
    bytes += event.size();
  lines.reserve(bytes + events.size() * 160);
  for (std::string& event : events) {
    point = seal_event(point, event);
    lines += event;
  }
  const bool full = file_.size() > 0 && file_.size() + lines.size() > options_.file_bytes_max;
  if (file_.is_regular() && (full || sync_failed_)) CHARTER_TRY(rotate());
  CHARTER_TRY(file_.append(lines));
  last_ = std::move(point);
  return {};
}

Status AuditJournal::sync() {
  if (const Status synced = file_.sync(); !synced) {
    sync_failed_ = true;
    return synced;
  }
  return write_head();
}

Status AuditJournal::write_head() {
  return head_file_.write({last_, first_, options_.path});
}

Status AuditJournal::rotate() {
  if (!sync_failed_) CHARTER_TRY(sync());
  CHARTER_TRY(file_.rotate(clock_->now()));
  sync_failed_ = false;
  // The records are safe without it: more is kept than wanted.
  if (const Status removed = remove_old(); !removed)
    log_warn("audit", "cannot remove old files", {{"error", removed.error().message}});
  return {};
}

Status AuditJournal::remove_old() {
  CHARTER_TRY_ASSIGN(const auto paths, rotated_audit_files(options_.path));
  std::vector<std::pair<Duration, std::string>> files;
  for (const std::string& path : paths) {
    if (const auto at = written_at(path)) files.emplace_back(*at, path);
  }
  // By name as well: files that were written in the same tick are named in order.
  std::sort(files.begin(), files.end());
  const Duration oldest = clock_->now().time_since_epoch() - options_.age_max;
  size_t left = files.size();
  for (const auto& [at, path] : files) {
    const bool many = options_.backups_max > 0 && left > options_.backups_max;
    const bool old = options_.age_max > Duration::zero() && at < oldest;
    if (!many && !old) break;
    CHARTER_TRY_ASSIGN(const AuditTail tail, read_audit_tail(path));
    // The head is first: a crash between the two leaves a file too many, never a hole.
    if (tail.last && tail.last->sequence > first_.sequence) first_ = *tail.last;
    CHARTER_TRY(write_head());
    if (unlink(path.c_str()) != 0) return audit_file_error(path, "cannot remove", errno);
    --left;
  }
  return {};
}

}  // namespace charter
