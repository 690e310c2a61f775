#pragma once

#include <string>
#include <string_view>

namespace charter::cel {

/// Without white space at its ends (Go's strings.TrimSpace, for ASCII).
inline std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kSpace) - begin + 1));
}

}  // namespace charter::cel
