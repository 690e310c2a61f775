#include "drivers/images/kernel_image.h"

#include "drivers/images/limits.h"
#include "drivers/images/tar.h"

#include <algorithm>
#include <string>

namespace charter {
namespace {

constexpr std::string_view kKernel = "vmlinuz", kInitrd = "initrd.img", kCommand = "cmdline";
constexpr size_t kMagicAt = 257;       // of a tar header
constexpr size_t kSetupMagicAt = 514;  // of a kernel: Documentation/arch/x86/boot.rst, HdrS

Error refused(const std::string& why) {
  return {Code::Invalid, "kernel image: " + why};
}

Status read_command(std::string_view line, std::string& command) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.size() > limits::kKernelCommandBytesMax) {
    return refused("cmdline has more than " + std::to_string(limits::kKernelCommandBytesMax) +
                   " bytes");
  }
  const bool printable =
      std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!printable) return refused("cmdline is no line of printable ASCII");
  command = line;
  return {};
}

}  // namespace

bool is_kernel_image(std::string_view bytes) {
  if (bytes.size() < kMagicAt + 5 || bytes.substr(kMagicAt, 5) != "ustar") return false;
  const std::string_view name = bytes.substr(0, std::min(bytes.find('\0'), bytes.size()));
  return name == kKernel || name == kInitrd || name == kCommand;
}

Result<KernelParts> read_kernel_image(std::string_view bytes) {
  CHARTER_TRY_ASSIGN(const auto entries, read_tar(bytes));
  KernelParts parts;
  for (const auto& entry : entries) {
    const auto at = static_cast<int64_t>(entry.bytes.data() - bytes.data());
    const auto size = static_cast<int64_t>(entry.bytes.size());
    if (entry.name == kKernel) {
      if (entry.bytes.size() < kSetupMagicAt + 4 || entry.bytes.substr(kSetupMagicAt, 4) != "HdrS")
        return refused("vmlinuz is no bzImage for x86");
      parts.kernel_at = at;
      parts.kernel_bytes = size;
    } else if (entry.name == kInitrd) {
      parts.initrd_at = at;
      parts.initrd_bytes = size;
    } else if (entry.name == kCommand) {
      CHARTER_TRY(read_command(entry.bytes, parts.command));
    } else {
      return refused("it holds more than vmlinuz, initrd.img and cmdline");
    }
  }
  if (parts.kernel_bytes == 0) return refused("it holds no vmlinuz");
  if (parts.initrd_bytes == 0) return refused("it holds no initrd.img");
  return parts;
}

}  // namespace charter
