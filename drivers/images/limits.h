#pragma once

#include <cstddef>
#include <cstdint>

// Every bound on images: its name, its value and why it has that value.
namespace charter::limits {

constexpr int64_t kImageBytesMax = int64_t{256} << 30;  // of a file; real ones are below 50 GiB
constexpr int64_t kImageVirtualBytesMax = int64_t{16} << 40;  // ext4's largest file on a host
constexpr int64_t kQcow2L1BytesMax = 32 << 20;                // QEMU's own bound
constexpr int64_t kQcow2RefcountBytesMax = 8 << 20;           // QEMU's own bound
constexpr size_t kQcow2ExtensionsMax = 32;                    // five kinds exist
constexpr size_t kVmdkDescriptorBytesMax = 64 * 1024;         // real ones are below 4 KiB
constexpr size_t kVhdxEntriesMax = 2047;                      // of its format
constexpr size_t kTarEntriesMax = 256;    // a descriptor and its disks: real ones have 2 to 10
constexpr size_t kTarNameBytesMax = 255;  // of a file system
/// Of a kernel's command line: x86's own bound.
constexpr size_t kKernelCommandBytesMax = 2047;
/// Processor time of one conversion: 50 GiB at 100 MB/s and some.
constexpr uint64_t kConvertSecondsMax = 1200;
/// Address space of one conversion: qemu-img maps its libraries and 16 buffers of 2 MiB.
constexpr uint64_t kConvertMemoryBytesMax = uint64_t{2} << 30;

}  // namespace charter::limits
