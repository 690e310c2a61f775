#include "controller/base/check.h"
#include "drivers/images/inspector.h"
#include "drivers/images/limits.h"

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
  CHECK(found->virtual_bytes > 0);
  CHECK(found->virtual_bytes <= charter::limits::kImageVirtualBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  if (size < 4) return 0;
  constexpr std::string_view kMagics[] = {"QFI\xfb", "KDMV", "vhdxfile"};
  std::string laid(kMagics[bytes[0] % 3]);
  laid += bytes.substr(1);
  laid.resize(512 * 1024);
  check(laid);
  // Further regions of vhdx, and the signature of vdi in the middle of its header.
  laid.replace(192 * 1024, 4, "regi");
  laid.replace(192 * 1024 + 8, size, bytes);
  check(laid);
  laid.replace(0x40, 4, "\x7f\x10\xda\xbe");
  laid[0] = 0;
  check(laid);
  return 0;
}
