#pragma once

#include <filesystem>
#include <string_view>

namespace charter {

/// A directory that only this user can enter, for public keys and a cache of one run; removed, with
/// what is in it, by the destructor. Secrets go into a MemoryFile instead.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  /// Empty: it could not be made.
  const std::filesystem::path& path() const { return path_; }
  /// Writes a file in it. False: the disk is full.
  bool write(const char* name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
};

}  // namespace charter
