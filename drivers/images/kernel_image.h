#pragma once

#include "controller/base/result.h"
#include "drivers/image_source.h"

#include <string_view>

// An image that is no disk but what a small machine boots: one tar archive, so that one digest
// stands for all of it.
//
//   vmlinuz     a bzImage for x86
//   initrd.img  what the kernel unpacks into its first root file system
//   cmdline     one line of printable ASCII; may be left out
//
// made with: tar --format=ustar -cf small.kernel vmlinuz initrd.img cmdline
namespace charter {

/// Whether the bytes are meant to be one: a tar archive that begins with one of its files.
bool is_kernel_image(std::string_view bytes);

/// Where its parts are. Pure, and safe on any bytes. Errors: Invalid.
Result<KernelParts> read_kernel_image(std::string_view bytes);

}  // namespace charter
