#pragma once

#include "controller/base/result.h"

#include <cstdint>
#include <string>

// Where drivers get the bytes of images from. Part of the ports: no driver fetches anything by
// itself.
namespace charter {

/// Where the parts of an image are that boots a kernel instead of a disk: bytes of its file.
struct KernelParts {
  int64_t kernel_at = 0, kernel_bytes = 0;
  int64_t initrd_at = 0, initrd_bytes = 0;
  std::string command;  ///< the kernel's command line
  bool operator==(const KernelParts&) const = default;
};

/// An image on this machine. Its bytes were compared with their digest and inspected: it refers to
/// no other file.
struct ImageFile {
  std::string path;
  std::string format;         ///< "qcow2", "raw", "kernel", …: what an inspection found
  int64_t bytes = 0;          ///< of the file
  int64_t virtual_bytes = 0;  ///< of the disk that it describes; a kernel's describes none
  KernelParts kernel = {};    ///< of format "kernel"
};

/// Images by digest. Thread-safe.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// Errors: ServiceUnavailable with reason ImageNotReady when it is not there; Invalid with reason
  /// InvalidSpec when its bytes are of another format than `format`.
  virtual Result<ImageFile> find(const std::string& digest, const std::string& format) = 0;
};

}  // namespace charter
