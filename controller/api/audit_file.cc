#include "controller/api/audit_file.h"

#include "controller/base/limits.h"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

constexpr size_t kTailChunk = 64 * 1024;
constexpr size_t kStampLength = std::string_view("2026-06-01T00-00-00.000").size();

/// "D/audit.log" as {"D", "audit", ".log"}.
struct PathParts {
  std::string folder, stem, extension;
};

PathParts split_path(const std::string& path) {
  const size_t slash = path.rfind('/');
  PathParts out;
  out.folder = slash == std::string::npos ? "." : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const size_t dot = std::min(name.rfind('.'), name.size());
  out.stem = name.substr(0, dot);
  out.extension = name.substr(dot);
  return out;
}

/// "2026-06-01T00-00-00.000", as lumberjack names its backups.
std::string stamp_of(Instant now) {
  std::string out = format_micro_time(now).substr(0, kStampLength);
  for (char& c : out) {
    if (c == ':') c = '-';
  }
  return out;
}

Status sync_folder(const std::string& folder) {
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return audit_file_error(folder, "cannot open", errno);
  const int failure = fsync(fd) == 0 ? 0 : errno;
  close(fd);
  return failure == 0 ? Status() : Status(audit_file_error(folder, "cannot sync", failure));
}

/// The last bytes of a file that hold its last complete line, if a line of any size can be in them.
Result<std::string> last_bytes(int fd, const std::string& path, uint64_t size) {
  std::string out;
  for (uint64_t from = size; from > 0 && out.size() < 2 * limits::kAuditEventBytesMax;) {
    const size_t step = static_cast<size_t>(std::min<uint64_t>(kTailChunk, from));
    from -= step;
    std::string piece(step, '\0');
    if (pread(fd, piece.data(), step, static_cast<off_t>(from)) != static_cast<ssize_t>(step))
      return audit_file_error(path, "cannot read", errno);
    out = piece + out;
    const size_t end = out.rfind('\n');
    if (end != std::string::npos && end > 0 && out.rfind('\n', end - 1) != std::string::npos) break;
  }
  return out;
}

}  // namespace

Error audit_file_error(const std::string& path, const std::string& what, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  const Code code = full ? Code::InsufficientStorage : Code::ServiceUnavailable;
  const std::string why = full ? "no space left" : std::strerror(error_number);
  return {code, path + ": " + what + ": " + why, {}, {}, {}, full ? 5 : 1};
}

Result<std::vector<std::string>> rotated_audit_files(const std::string& path) {
  const PathParts parts = split_path(path);
  std::vector<std::string> out;
  DIR* folder = opendir(parts.folder.c_str());
  if (!folder) return audit_file_error(parts.folder, "cannot list", errno);
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (name.size() == parts.stem.size() + 1 + kStampLength + parts.extension.size() &&
        name.starts_with(parts.stem + "-") && name.ends_with(parts.extension))
      out.push_back(parts.folder + "/" + name);
  }
  closedir(folder);
  return out;
}

Result<AuditTail> read_audit_tail(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return AuditTail();
  if (fd < 0) return audit_file_error(path, "cannot open", errno);
  struct stat found = {};
  const bool regular = fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
  auto bytes = regular ? last_bytes(fd, path, static_cast<uint64_t>(found.st_size)) : std::string();
  close(fd);
  CHARTER_TRY_ASSIGN(std::string text, std::move(bytes));
  AuditTail out;
  const size_t end = text.rfind('\n');
  if (end == std::string::npos) {
    out.torn = std::move(text);
    return out;
  }
  out.torn = text.substr(end + 1);
  const size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const size_t from = before == std::string::npos ? 0 : before + 1;
  const auto seal = read_seal(std::string_view(text).substr(from, end - from));
  if (seal) out.last = ChainPoint{seal->sequence, std::string(seal->digest)};
  out.foreign = !seal;
  return out;
}

Result<AuditFile> AuditFile::open(const std::string& path) {
  const bool out_stream = path == "-";
  const int fd =
      out_stream ? dup(STDOUT_FILENO)
                 : ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kAuditFileMode);
  if (fd < 0) return audit_file_error(path, "cannot open", errno);
  AuditFile out(fd, path);
  struct stat found = {};
  if (fstat(fd, &found) != 0) return audit_file_error(path, "cannot look at it", errno);
  out.regular_ = S_ISREG(found.st_mode) && !out_stream;
  if (!out.regular_) return out;
  out.size_ = static_cast<uint64_t>(found.st_size);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error{Code::Conflict, path + ": another process writes this audit log"};
  if (out.size_ == 0) CHARTER_TRY(sync_folder(split_path(path).folder));
  return out;
}

AuditFile::AuditFile(AuditFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      size_(other.size_),
      regular_(other.regular_),
      torn_(other.torn_) {}

AuditFile& AuditFile::operator=(AuditFile&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  path_ = std::move(other.path_);
  size_ = other.size_;
  regular_ = other.regular_;
  torn_ = other.torn_;
  return *this;
}

AuditFile::~AuditFile() {
  if (fd_ >= 0) close(fd_);
}

Status AuditFile::append(std::string_view lines) {
  const uint64_t good = size_;
  if (torn_) {
    // What could not be taken back then may be possible now.
    CHARTER_TRY(cut(good));
    torn_ = false;
  }
  while (!lines.empty()) {
    const ssize_t put = ::write(fd_, lines.data(), lines.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) {
      const int failure = errno;
      torn_ = size_ != good && !cut(good);
      return audit_file_error(path_, "cannot write", failure);
    }
    size_ += static_cast<uint64_t>(put);
    lines.remove_prefix(static_cast<size_t>(put));
  }
  return {};
}

Status AuditFile::sync() {
  if (!regular_ || fdatasync(fd_) == 0) return {};
  return audit_file_error(path_, "cannot sync", errno);
}

Status AuditFile::cut(uint64_t bytes) {
  size_ = bytes;
  if (!regular_ || ftruncate(fd_, static_cast<off_t>(bytes)) == 0) return {};
  return audit_file_error(path_, "cannot cut off a torn line", errno);
}

Status AuditFile::rotate(Instant now) {
  const PathParts parts = split_path(path_);
  std::string target;
  // Two rotations in one millisecond must not overwrite each other.
  do {
    target = parts.folder + "/" + parts.stem + "-" + stamp_of(now) + parts.extension;
    now += std::chrono::milliseconds(1);
  } while (access(target.c_str(), F_OK) == 0);
  if (rename(path_.c_str(), target.c_str()) != 0)
    return audit_file_error(path_, "cannot rename", errno);
  auto next = open(path_);
  if (!next) {
    // Back again, so that the next attempt finds things as they were.
    (void)rename(target.c_str(), path_.c_str());
    return Error(next.error());
  }
  *this = std::move(*next);
  return sync_folder(parts.folder);
}

}  // namespace charter
