#pragma once

#include "controller/base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

// What the fuzz targets share. A target states what must hold for every input with CHECK.
namespace charter::fuzz {

/// libFuzzer's bytes as text.
inline std::string_view text_of(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// Cuts an input in two at its first zero byte, which no text format allows.
inline std::pair<std::string_view, std::string_view> two_of(const uint8_t* bytes, size_t size) {
  const std::string_view text = text_of(bytes, size);
  const size_t zero = text.find('\0');
  if (zero == std::string_view::npos) return {text, {}};
  return {text.substr(0, zero), text.substr(zero + 1)};
}

}  // namespace charter::fuzz
