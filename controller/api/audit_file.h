#pragma once

#include "controller/api/audit_chain.h"
#include "controller/base/clock.h"
#include "controller/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The files of the audit log: the current one, and those it was renamed to when it was full, named
// as kube-apiserver's are ("audit.log" -> "audit-2026-06-01T00-00-00.000.log"). One thread at a
// time.
namespace charter {

inline constexpr unsigned kAuditFileMode = 0600;

/// InsufficientStorage when errno says that there is no room, else ServiceUnavailable: "PATH: WHAT:
/// no space left on device".
Error audit_file_error(const std::string& path, const std::string& what, int error_number);

/// Earlier files of the log whose current file is `path`, in no order. Errors: ServiceUnavailable.
Result<std::vector<std::string>> rotated_audit_files(const std::string& path);

/// How the end of a file looks.
struct AuditTail {
  std::optional<ChainPoint> last;  ///< of the last complete line; nothing when there is none
  std::string torn;                ///< bytes behind the last newline
  bool foreign = false;            ///< the last complete line is not sealed
};

/// Looks at the end of a file without reading the rest. Errors: ServiceUnavailable.
Result<AuditTail> read_audit_tail(const std::string& path);

/// One file that is being appended to.
class AuditFile {
 public:
  /// Opens or creates `path` (0600), and holds a lock on it; "-" is stdout. Errors: Conflict when
  /// another process writes it, else as audit_file_error.
  static Result<AuditFile> open(const std::string& path);
  AuditFile(AuditFile&& other) noexcept;
  AuditFile& operator=(AuditFile&& other) noexcept;
  ~AuditFile();

  /// Appends whole lines: all of them or, as far as the file allows, none.
  Status append(std::string_view lines);
  /// Makes it durable; does nothing for what is no file.
  Status sync();
  /// Cuts the file to `bytes`.
  Status cut(uint64_t bytes);
  /// Renames it by the time `now` and goes on with a new file of the old name.
  Status rotate(Instant now);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  bool is_regular() const { return regular_; }

 private:
  AuditFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
  uint64_t size_ = 0;
  bool regular_ = false;
  bool torn_ = false;  // a part of a line could not be taken back
};

}  // namespace charter
