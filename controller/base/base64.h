#pragma once

#include <optional>
#include <string>
#include <string_view>

// Base64 of RFC 4648: section 4, the standard alphabet with padding, and section 5, for URLs,
// without. Pure.
namespace charter {

/// The text for any bytes, in one line.
std::string encode_base64(std::string_view bytes);

/// The bytes of a text. White space is skipped, as in YAML and PEM; nothing for any other foreign
/// character, wrong padding or a cut end.
std::optional<std::string> decode_base64(std::string_view text);

/// The text for any bytes in the alphabet for URLs, without padding.
std::string encode_base64url(std::string_view bytes);
/// The bytes; nothing for any foreign character, padding, a cut end or bits that are left over.
std::optional<std::string> decode_base64url(std::string_view text);

}  // namespace charter
