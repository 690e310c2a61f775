#pragma once

#include "controller/git/wire.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

// Where clones are kept: one directory for each address, entered by one call at a time.
// Thread-safe.
namespace charter {

class CloneCache;

/// The right to use one clone's directory, until this goes.
class ClonePlace {
 public:
  ClonePlace(std::filesystem::path folder, std::shared_ptr<std::timed_mutex> mutex,
             std::unique_lock<std::timed_mutex> lock)
      : folder_(std::move(folder)), mutex_(std::move(mutex)), lock_(std::move(lock)) {}
  const std::filesystem::path& folder() const { return folder_; }
  /// Removes what is in it, so that it begins anew.
  void clear() const;

 private:
  std::filesystem::path folder_;
  std::shared_ptr<std::timed_mutex> mutex_;  ///< before its lock
  std::unique_lock<std::timed_mutex> lock_;
};

/// All clones below one directory.
class CloneCache {
 public:
  explicit CloneCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Waits for other calls with the same address. A clone that has grown beyond kGitCloneBytesMax
  /// is emptied; of more than kGitClonesMax the one not used for longest is removed. Errors:
  /// Timeout; InternalError: the directory cannot be made.
  Result<std::unique_ptr<ClonePlace>> enter(const GitUrl& url, const Wire& wire);

 private:
  std::shared_ptr<std::timed_mutex> mutex_of(const std::string& name);
  void remove_unused();

  const std::filesystem::path folder_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<std::timed_mutex>>
      in_use_;  ///< by name of a clone; under mutex_
};

}  // namespace charter
