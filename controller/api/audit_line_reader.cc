#include "controller/api/audit_line_reader.h"

#include "controller/api/audit_file.h"
#include "controller/base/limits.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace charter {
namespace {

constexpr size_t kChunk = 64 * 1024;
constexpr size_t kLineMax = 2 * limits::kAuditEventBytesMax;  // objects, and what is around them

}  // namespace

AuditLineReader::~AuditLineReader() {
  if (fd_ >= 0) close(fd_);
}

AuditLineReader::AuditLineReader(AuditLineReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      scanned_(other.scanned_),
      bytes_read_(other.bytes_read_),
      ended_(other.ended_) {}

Result<bool> AuditLineReader::next(Line& out) {
  while (true) {
    const size_t end = buffer_.find('\n', std::max(at_, scanned_));
    const bool found = end != std::string::npos;
    if (found || ended_ || buffer_.size() - at_ > kLineMax) {
      if (!found && at_ == buffer_.size()) return false;
      const size_t stop = found ? end : buffer_.size();
      out.text = std::string_view(buffer_).substr(at_, stop - at_);
      out.terminated = found;
      at_ = found ? end + 1 : stop;
      scanned_ = at_;
      return true;
    }
    scanned_ = buffer_.size() - at_;
    buffer_.erase(0, at_);
    at_ = 0;
    const size_t kept = buffer_.size();
    buffer_.resize(kept + kChunk);
    const ssize_t got = read(fd_, buffer_.data() + kept, kChunk);
    if (got < 0) return audit_file_error(path_, "cannot read", errno);
    buffer_.resize(kept + static_cast<size_t>(got));
    bytes_read_ += static_cast<uint64_t>(got);
    ended_ = got == 0;
  }
}

}  // namespace charter
