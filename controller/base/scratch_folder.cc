#include "controller/base/scratch_folder.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {
namespace {

namespace fs = std::filesystem;

constexpr int kTriesMax = 3;  // a sweep can take a directory between its making and its locking

/// A directory of this user, opened and locked; -1 when it is another's, or its owner lives.
int lock(const std::string& path) {
  const int opened = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  struct stat found = {};
  if (opened >= 0 && ::fstat(opened, &found) == 0 && found.st_uid == ::geteuid() &&
      ::flock(opened, LOCK_EX | LOCK_NB) == 0)
    return opened;
  if (opened >= 0) ::close(opened);
  return -1;
}

bool is_there(const std::string& path, int opened) {
  struct stat named = {}, held = {};
  return ::lstat(path.c_str(), &named) == 0 && ::fstat(opened, &held) == 0 &&
         named.st_dev == held.st_dev && named.st_ino == held.st_ino;
}

/// Removes what belongs to no process any more.
void sweep(const fs::path& parent) {
  std::error_code failed;
  for (fs::directory_iterator entry(parent, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    const fs::path path = entry->path();
    const bool ours = path.filename().string().starts_with("charter-scratch-");
    const int held = ours ? lock(path.string()) : -1;
    if (held < 0) continue;
    std::error_code kept;
    fs::remove_all(path, kept);  // what cannot be removed stays for the next one
    ::close(held);
  }
}

}  // namespace

ScratchFolder::ScratchFolder(const char* purpose) {
  std::error_code failed;
  const fs::path parent = fs::temp_directory_path(failed);
  if (failed) return;
  static std::once_flag swept;
  std::call_once(swept, sweep, parent);
  for (int tries = 0; tries < kTriesMax && path_.empty(); ++tries) {
    std::string name = (parent / ("charter-scratch-" + std::string(purpose) + "-XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) return;
    lock_ = lock(name);
    if (lock_ >= 0 && is_there(name, lock_)) {
      path_ = name;
    } else if (lock_ >= 0) {
      ::close(lock_);
    }
  }
}

ScratchFolder::~ScratchFolder() {
  std::error_code failed;
  if (path_.empty()) return;
  fs::remove_all(path_, failed);
  ::close(lock_);
}

bool ScratchFolder::write(const char* name, std::string_view bytes) const {
  std::ofstream out(path_ / name, std::ios::binary);
  out << bytes;
  return static_cast<bool>(out.flush());
}

}  // namespace charter
