#pragma once

#include <string>
#include <string_view>

namespace charter {

/// Bytes in memory that a library or a tool can open by a path, as long as this lives; they are on
/// no disk. Only this user can, and no process that has given up rights which this one has.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  /// Empty: the kernel gave no memory.
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

}  // namespace charter
