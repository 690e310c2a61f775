#pragma once

#include <string>
#include <string_view>

namespace charter {

/// SHA-256 of `bytes`, 32 bytes (FIPS 180-4).
std::string sha256(std::string_view bytes);
/// The same as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);
/// SHA-512 likewise, 128 digits.
std::string sha512_hex(std::string_view bytes);
/// SHA-1 likewise, 40 digits. Finds accidents and no intention: others can make bytes of the same
/// digest.
std::string sha1_hex(std::string_view bytes);

}  // namespace charter
