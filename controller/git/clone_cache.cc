#include "controller/git/clone_cache.h"

#include "controller/git/limits.h"
#include "controller/object/digest.h"

#include <algorithm>
#include <chrono>
#include <vector>

namespace charter {
namespace {

namespace fs = std::filesystem;

uint64_t bytes_below(const fs::path& folder) {
  uint64_t bytes = 0;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(folder, failed), end; !failed && at != end;
       at.increment(failed)) {
    std::error_code none;
    const auto size = at->is_regular_file(none) ? at->file_size(none) : 0;
    if (!none) bytes += size;
  }
  return bytes;
}

}  // namespace

void ClonePlace::clear() const {
  std::error_code failed;
  fs::remove_all(folder_, failed);
}

std::shared_ptr<std::timed_mutex> CloneCache::mutex_of(const std::string& name) {
  const std::lock_guard guard(mutex_);
  // Nobody but this map knows those of addresses that nobody is at.
  if (in_use_.size() > 2 * limits::kGitClonesMax)
    std::erase_if(in_use_, [](const auto& entry) { return entry.second.use_count() == 1; });
  auto& mutex = in_use_[name];
  if (!mutex) mutex = std::make_shared<std::timed_mutex>();
  return mutex;
}

void CloneCache::remove_unused() {
  const std::lock_guard guard(mutex_);
  std::vector<fs::path> clones;
  std::error_code failed;
  for (fs::directory_iterator at(folder_, failed), end; !failed && at != end; at.increment(failed))
    clones.push_back(at->path());
  while (clones.size() > limits::kGitClonesMax) {
    const auto oldest =
        std::min_element(clones.begin(), clones.end(), [](const auto& a, const auto& b) {
          std::error_code none;
          return fs::last_write_time(a, none) < fs::last_write_time(b, none);
        });
    const auto known = in_use_.find(oldest->filename().string());
    // Under mutex_ nobody can begin to use it.
    if (known == in_use_.end() || known->second.use_count() == 1) fs::remove_all(*oldest, failed);
    clones.erase(oldest);
  }
}

Result<std::unique_ptr<ClonePlace>> CloneCache::enter(const GitUrl& url, const Wire& wire) {
  const std::string name = sha256_hex(url.text());
  auto mutex = mutex_of(name);
  std::unique_lock<std::timed_mutex> lock(*mutex, std::chrono::milliseconds(wire.left_ms()));
  if (!lock.owns_lock())
    return Error{Code::Timeout, url.text() + ": is still being read by somebody else",
                 kGitUnreachable};
  std::error_code failed;
  fs::create_directories(folder_, failed);
  if (!failed) fs::permissions(folder_, fs::perms::owner_all, failed);
  if (failed)
    return Error{Code::InternalError, "the cache of repositories cannot be written", kGitFailed};
  auto place = std::make_unique<ClonePlace>(folder_ / name, std::move(mutex), std::move(lock));
  if (bytes_below(place->folder()) > limits::kGitCloneBytesMax) place->clear();
  if (!fs::exists(place->folder(), failed)) remove_unused();
  // When it was used last; one that does not exist yet gets its time when it is made.
  fs::last_write_time(place->folder(), fs::file_time_type::clock::now(), failed);
  return place;
}

}  // namespace charter
