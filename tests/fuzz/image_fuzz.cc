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
  CHECK(found->virtual_bytes > 0);
  CHECK(found->virtual_bytes <= charter::limits::kImageVirtualBytesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  if (size < 4) return 0;
  std::string laid(bytes[0] % 2 != 0 ? "QFI\xfb" : "KDMV");
  laid += bytes.substr(1);
  check(laid);
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
