#pragma once

#include "controller/base/result.h"
#include "drivers/image_source.h"

#include <cstdint>
#include <string>
#include <string_view>

// Looks at a disk image before any tool does. An image that comes from outside can name other
// files, and tools would read them: so whatever refers to anything outside itself is refused, and
// so are encryption and sizes that nobody means. Pure, and safe on any bytes.
//
//   format  refused
//   qcow2   backing file, external data file, encryption, internal snapshots, unknown features,
//           tables that do not fit the file or the size
//   vmdk    descriptor without data, parent, extents in other files
//   vhdx    parent, no size
//   vdi     difference images, parent
//   iso     -
//   kernel  a tar archive of vmlinuz, initrd.img and, if it likes, cmdline: any other name, links,
//           a kernel that no PC boots, a command line that is no line of printable characters
//   raw     whatever begins like another format, known here or to QEMU
namespace charter {

/// What an image is.
struct Inspection {
  std::string format;  ///< "qcow2", "vmdk", "vhdx", "vdi", "iso", "kernel", "raw"
  int64_t virtual_bytes = 0;
  KernelParts kernel = {};  ///< of format "kernel"
  bool operator==(const Inspection&) const = default;
};

/// `bytes` is the whole file. Errors: Invalid.
Result<Inspection> inspect_image(std::string_view bytes);

}  // namespace charter
