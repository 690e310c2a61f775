#include "controller/store/directory_lock.h"

#include "controller/base/log.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace charter {
namespace {

Error cannot(const std::string& what, const std::string& data_dir, int error) {
  log_error("store", "cannot " + what, {{"dir", data_dir}, {"error", std::strerror(error)}});
  return Error{Code::InternalError, "cannot " + what + " in data directory \"" + data_dir + "\""};
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& data_dir) {
  return open(data_dir, O_RDWR | O_CREAT);
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take_existing(const std::string& data_dir) {
  return open(data_dir, O_RDONLY);
}

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::open(const std::string& data_dir, int flags) {
  const std::string path = data_dir + "/lock";
  // Close-on-exec: a driver's child process must not keep the directory locked after us.
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0 && errno == ENOENT && (flags & O_CREAT) == 0) {
    return std::unique_ptr<DirectoryLock>(new DirectoryLock(-1));
  }
  if (fd < 0) return cannot("open the lock file", data_dir, errno);
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
  while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) {
      return Error{Code::Conflict,
                   "data directory \"" + data_dir + "\" is in use by another process"};
    }
    return cannot("take the lock", data_dir, errno);
  }
  return lock;
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

Status sync_directory(const std::string& data_dir) {
  const int fd = ::open(data_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return cannot("open the directory", data_dir, errno);
  const int result = fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) return cannot("sync the directory", data_dir, error);
  return {};
}

}  // namespace charter
