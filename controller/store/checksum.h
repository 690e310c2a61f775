#pragma once

#include <cstdint>
#include <string_view>

// The checksum that every log row carries.
namespace charter {

/// CRC-32C (Castagnoli) of `bytes`, continuing from `seed`: finds every flipped bit and every burst
/// up to 32 bits in a row.
uint32_t crc32c(std::string_view bytes, uint32_t seed = 0);

}  // namespace charter
