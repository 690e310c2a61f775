#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace charter {

/// A directory below the system's temporary one that only this user can enter; removed, with what
/// is in it, by the destructor. What a killed process left goes when another one of the same user
/// makes its first: each is locked while its owner lives. Secrets go into a MemoryFile instead. One
/// thread.
class ScratchFolder {
 public:
  /// `purpose` is part of the name: "charter-scratch-PURPOSE-…".
  explicit ScratchFolder(const char* purpose);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  /// Empty: it could not be made.
  const std::filesystem::path& path() const { return path_; }
  /// Writes a file in it. False: the disk is full.
  bool write(const char* name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;  // of the directory itself
};

}  // namespace charter
