#pragma once

#include <string>
#include <string_view>

namespace charter {

/// HMAC-SHA256 (RFC 2104) of `bytes`: 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// Whether two texts are the same, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// Lower-case hexadecimal digits of any bytes.
std::string hex_text(std::string_view bytes);

}  // namespace charter
