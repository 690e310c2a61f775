#include "controller/base/check.h"
#include "drivers/images/inspector.h"
#include "drivers/images/limits.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// Images come from outside: any bytes are refused or have a size that can be made. Half of the
// inputs are laid over a header that is accepted, because nothing random has a magic number.
namespace {

void check(std::string_view bytes) {
  const auto found = charter::inspect_image(bytes);
  if (!found) return;
  if (found->format == "kernel") {
    const auto& parts = found->kernel;
    const auto size = static_cast<int64_t>(bytes.size());
    CHECK(parts.kernel_at > 0 && parts.kernel_bytes > 0);
    CHECK(parts.kernel_bytes <= size - parts.kernel_at);
    CHECK(parts.initrd_at > 0 && parts.initrd_bytes > 0);
    CHECK(parts.initrd_bytes <= size - parts.initrd_at);
    return;
  }
  CHECK(found->virtual_bytes > 0);
  CHECK(found->virtual_bytes <= charter::limits::kImageVirtualBytesMax);
}

/// A tar header with the right checksum, which nothing random has either.
std::string tar_header(const std::string& name, char type, std::string_view size) {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  header.replace(124, size.size(), size);
  header.replace(148, 8, "        ");
  header[156] = type;
  header.replace(257, 5, "ustar");
  unsigned sum = 0;
  for (const char c : header)
    sum += static_cast<unsigned char>(c);
  for (size_t i = 0; i < 6; ++i)
    header[148 + i] = static_cast<char>('0' + (sum >> (3 * (5 - i)) & 7));
  header[154] = '\0';
  return header;
}

/// An image of a kernel whose headers and contents are the input's.
void check_kernel(std::string_view bytes) {
  static const std::string kNames[] = {"vmlinuz", "initrd.img", "cmdline", "other"};
  std::string archive;
  for (size_t i = 0; i < 4; ++i) {
    const auto choice = static_cast<unsigned char>(bytes[i]);
    std::string content = std::string(514, 'k') + "HdrS" + std::string(bytes.substr(4));
    if (choice % 4 != 0) content = bytes.substr(4);
    std::string size = "00000000000";
    for (size_t digit = 0; digit < 6; ++digit)
      size[10 - digit] = static_cast<char>('0' + (content.size() >> (3 * digit) & 7));
    if (choice / 16 == 7) size[9] = bytes[3];
    archive += tar_header(kNames[choice % 4], choice / 16 == 8 ? '5' : '0', size) + content;
    archive.resize((archive.size() + 511) / 512 * 512);
  }
  check(archive + std::string(1024, '\0'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  if (size < 4) return 0;
  std::string laid(bytes[0] % 2 != 0 ? "QFI\xfb" : "KDMV");
  laid += bytes.substr(1);
  check(laid);
  check_kernel(bytes);
  laid.resize(std::max<size_t>(laid.size(), 1024));
  laid[0] = 0;
  laid.replace(0x40, 4, "\x7f\x10\xda\xbe");  // vdi's signature is in the middle of its header
  check(laid);
  if (bytes[1] % 16 != 0) return 0;  // vhdx is large: its tables begin at 192 KiB
  std::string large(200 * 1024, '\0');
  large.replace(0, 8, "vhdxfile");
  large.replace(192 * 1024, 4, "regi");
  large.replace(192 * 1024 + 8, std::min<size_t>(size, 4096), bytes.substr(0, 4096));
  check(large);
  return 0;
}
