#pragma once

#include <cstddef>
#include <string_view>

namespace charter {

/// Finds the end of a request head and refuses, byte by byte, what must not reach any parser: bare
/// LF or CR, NUL and other control characters, folded lines, too many bytes or lines. The parser
/// behind it accepts some of these (folding, a lone LF never ends its search), and a proxy in front
/// may read them differently: that difference is request smuggling. Resumable: each call looks only
/// at bytes that are new.
class HeadScan {
 public:
  /// More: the head is not complete. Complete: `begin()` to `end()` is the head with its empty
  /// line. TooLarge: too many bytes or lines.
  enum class Outcome { More, Complete, Bad, TooLarge };

  /// `bytes` holds everything since the start of this request; it only grows from call to call.
  Outcome scan(std::string_view bytes);
  size_t begin() const { return begin_; }
  size_t end() const { return at_; }
  /// True when any byte of a request line was seen: an idle connection became a slow one.
  bool started() const { return at_ > begin_; }
  /// Why the outcome is Bad or TooLarge.
  const char* problem() const { return problem_; }

 private:
  const char* check(char c) const;

  size_t at_ = 0;      // next byte to look at
  size_t begin_ = 0;   // after empty lines, which RFC 9112 2.2 asks to skip
  size_t column_ = 0;  // of the next byte in its line, CR not counted
  size_t lines_ = 0;   // complete lines, the request line among them
  bool after_cr_ = false;
  const char* problem_ = "";
};

}  // namespace charter
