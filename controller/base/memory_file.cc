#include "controller/base/memory_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace charter {

MemoryFile::MemoryFile(std::string_view bytes)
    : descriptor_(::memfd_create("charter", MFD_CLOEXEC)) {
  if (descriptor_ < 0 || ::fchmod(descriptor_, 0600) != 0) return;
  while (!bytes.empty()) {
    const ssize_t size = ::write(descriptor_, bytes.data(), bytes.size());
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(size));
  }
  path_ = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace charter
