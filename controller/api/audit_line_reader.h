#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace charter {

/// Reads the lines of one open file, of whatever length up to a bound. Owns the descriptor.
class AuditLineReader {
 public:
  AuditLineReader(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~AuditLineReader();
  AuditLineReader(AuditLineReader&& other) noexcept;
  AuditLineReader& operator=(AuditLineReader&&) = delete;

  /// One line; the view lives until the next call.
  struct Line {
    std::string_view text;    ///< without its newline
    bool terminated = false;  ///< a newline followed
  };
  /// False at the end. A line beyond the bound comes in pieces that are not terminated. Errors:
  /// ServiceUnavailable.
  Result<bool> next(Line& out);

  const std::string& path() const { return path_; }
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  int fd_;
  std::string path_;
  std::string buffer_;
  size_t at_ = 0;       // where the next line starts in buffer_
  size_t scanned_ = 0;  // no newline before it
  uint64_t bytes_read_ = 0;
  bool ended_ = false;
};

}  // namespace charter
