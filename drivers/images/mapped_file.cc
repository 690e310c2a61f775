#include "drivers/images/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace charter {

Result<MappedFile> MappedFile::open(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return Error{Code::NotFound, "cannot read " + path};
  struct stat facts {};
  const bool regular = ::fstat(file, &facts) == 0 && S_ISREG(facts.st_mode);
  MappedFile mapped;
  if (regular && facts.st_size > 0) {
    mapped.size_ = static_cast<size_t>(facts.st_size);
    void* const start = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_PRIVATE, file, 0);
    if (start != MAP_FAILED) mapped.start_ = start;
  }
  ::close(file);
  if (!regular) return Error{Code::Invalid, path + " is no regular file"};
  if (mapped.start_ == nullptr) return Error{Code::Invalid, path + " is empty or cannot be mapped"};
  return mapped;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}

MappedFile::~MappedFile() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

}  // namespace charter
