#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// UTF-8 by RFC 3629: overlong forms, surrogates and code points beyond U+10FFFF are no characters.
// Pure.
namespace charter {

/// What a broken sequence is replaced by.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Length in bytes of the character at `at`, or 0 when the bytes there are no UTF-8.
inline size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return at < text.size() ? 1 : 0;
  if (first < 0xC2) return 0;  // a stray tail byte, or an overlong form of ASCII
  if (first < 0xE0) return tail(1) ? 2 : 0;
  if (first < 0xF0) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) >= 0xA0;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  const bool overlong = first == 0xF0 && byte(1) < 0x90;
  const bool beyond = first > 0xF4 || (first == 0xF4 && byte(1) >= 0x90);
  return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
}

/// True when all of it is UTF-8.
inline bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

/// The longest prefix of at most `size` bytes that does not cut a character.
inline std::string_view utf8_prefix(std::string_view text, size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U)
    --size;
  return text.substr(0, size);
}

}  // namespace charter
