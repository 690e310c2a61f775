#pragma once

#include "controller/base/result.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace charter {

/// A file's bytes, mapped read-only. Moves, and keeps its address in memory when it does.
class MappedFile {
 public:
  /// Errors: NotFound; Invalid for what is no regular file, or empty.
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();
  std::string_view bytes() const { return {static_cast<const char*>(start_), size_}; }

 private:
  MappedFile() = default;
  void* start_ = nullptr;  ///< nullptr: moved from
  size_t size_ = 0;
};

}  // namespace charter
