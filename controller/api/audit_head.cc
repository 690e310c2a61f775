#include "controller/api/audit_head.h"

#include "controller/api/audit_file.h"
#include "controller/base/limits.h"
#include "controller/object/value.h"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

// First sector: the two points, written over in place. Behind it: the path, which hardly ever
// changes.
constexpr size_t kPointsBytes = limits::kAuditHeadBytes;
constexpr size_t kHeadFileBytesMax = kPointsBytes + 64 * 1024;

std::string points_text(const AuditHead& head) {
  std::string out = encode(Json{{"last", to_string(head.last)}, {"first", to_string(head.first)}});
  out.resize(kPointsBytes - 1, ' ');
  return out + "\n";
}

/// "D/" of "D/audit-head".
std::string folder_of(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// The second line: where the log is, seen from the head file at `path`.
std::string path_text(const AuditHead& head, const std::string& path) {
  const std::string folder = folder_of(path);
  const bool below = !folder.empty() && head.log_path.starts_with(folder);
  return encode(Json{{"log", below ? head.log_path.substr(folder.size()) : head.log_path}}) + "\n";
}

Error damaged(const std::string& path) {
  return {Code::InternalError,
          path +
              ": is damaged and does not say where the audit log ends; when the log has been "
              "looked at, move this file away to start"};
}

}  // namespace

Result<std::optional<AuditHead>> read_audit_head(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<AuditHead>();
  if (fd < 0) return audit_file_error(path, "cannot open", errno);
  std::string text(kHeadFileBytesMax, '\0');
  const ssize_t got = pread(fd, text.data(), text.size(), 0);
  const int failure = errno;
  close(fd);
  if (got < 0) return audit_file_error(path, "cannot read", failure);
  text.resize(static_cast<size_t>(got));
  // A crash right after the file was made: it never said anything.
  if (text.empty()) return std::optional<AuditHead>();
  if (text.size() < kPointsBytes) return damaged(path);
  const auto points = parse_json(std::string_view(text).substr(0, kPointsBytes));
  const auto place = parse_json(std::string_view(text).substr(kPointsBytes));
  if (!points || !place) return damaged(path);
  const auto last = parse_chain_point(text_at(*points, {"last"}));
  const auto first = parse_chain_point(text_at(*points, {"first"}));
  AuditHead out;
  out.log_path = text_at(*place, {"log"});
  if (!last || !first || out.log_path.empty()) return damaged(path);
  if (out.log_path != "-" && out.log_path.front() != '/')
    out.log_path = folder_of(path) + out.log_path;
  out.last = *last;
  out.first = *first;
  // Any other byte would be a change that nobody can see.
  if (text != points_text(out) + path_text(out, path)) return damaged(path);
  return std::optional(std::move(out));
}

Result<AuditHeadFile> AuditHeadFile::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kAuditFileMode);
  if (fd < 0) return audit_file_error(path, "cannot open", errno);
  return AuditHeadFile(fd, path);
}

AuditHeadFile::AuditHeadFile(AuditHeadFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      written_path_(std::move(other.written_path_)) {}

AuditHeadFile::~AuditHeadFile() {
  if (fd_ >= 0) close(fd_);
}

Status AuditHeadFile::write(const AuditHead& head) {
  const bool moved = head.log_path != written_path_;
  const std::string text = moved ? points_text(head) + path_text(head, path_) : points_text(head);
  if (pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return audit_file_error(path_, "cannot write", errno);
  if (moved && ftruncate(fd_, static_cast<off_t>(text.size())) != 0)
    return audit_file_error(path_, "cannot write", errno);
  if (fdatasync(fd_) != 0) return audit_file_error(path_, "cannot sync", errno);
  written_path_ = head.log_path;
  return {};
}

}  // namespace charter
