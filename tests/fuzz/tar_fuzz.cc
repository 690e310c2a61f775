#include "drivers/images/tar.h"

#include "controller/base/check.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

// An archive comes from outside: any bytes are refused, or are files with plain names that lie
// within it. Inputs get the checksum that their headers lack, because nothing random has one.
namespace {

void check(std::string_view bytes) {
  const auto files = charter::read_tar(bytes);
  if (!files) return;
  for (const auto& file : *files) {
    CHECK(charter::is_plain_file_name(file.name));
    CHECK(file.bytes.data() >= bytes.data());
    CHECK(file.bytes.data() + file.bytes.size() <= bytes.data() + bytes.size());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  check(bytes);
  for (size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    bytes.replace(at + 148, 8, "        ");
    unsigned sum = 0;
    for (size_t i = 0; i < 512; ++i)
      sum += static_cast<unsigned char>(bytes[at + i]);
    char digits[9];
    std::snprintf(digits, sizeof digits, "%07o", sum);
    bytes.replace(at + 148, 8, digits, 8);
  }
  check(bytes);
  return 0;
}
