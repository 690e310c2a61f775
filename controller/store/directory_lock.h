#pragma once

#include "controller/base/result.h"

#include <memory>
#include <string>

// Keeps a data directory to one process.
namespace charter {

/// Holds `D/lock` with flock(2) while it lives. The kernel lets go of it with the process, also
/// after SIGKILL, so a stale file never blocks a start.
class DirectoryLock {
 public:
  /// Takes the lock, making the file when it is missing. Errors: Conflict (held), InternalError.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data_dir);
  /// Takes the lock of an existing file without writing anything; a directory that has no such file
  /// was never used, and an empty lock is returned. Errors: as take.
  static Result<std::unique_ptr<DirectoryLock>> take_existing(const std::string& data_dir);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  static Result<std::unique_ptr<DirectoryLock>> open(const std::string& data_dir, int flags);
  int fd_;  // -1 when there was no file to lock
};

/// Makes new files' names in a directory durable. Errors: InternalError.
Status sync_directory(const std::string& data_dir);

}  // namespace charter
