#include "controller/api/http_head_scan.h"

#include "controller/base/limits.h"

namespace charter {

const char* HeadScan::check(char c) const {
  const auto byte = static_cast<unsigned char>(c);
  if (after_cr_ && c != '\n') return "the request head has a carriage return without a line feed";
  if (c == '\n' && !after_cr_) return "the request head has a line feed without a carriage return";
  if ((byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7f) {
    return "the request head has a control character";
  }
  if (column_ == 0 && (c == ' ' || c == '\t')) return "the request head has a folded line";
  return nullptr;
}

HeadScan::Outcome HeadScan::scan(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    if (at_ >= limits::kHeaderBytesMax) {
      problem_ = "the request head is too large: limit is 32768 bytes";
      return Outcome::TooLarge;
    }
    const char c = bytes[at_];
    if (const char* problem = check(c)) {
      problem_ = problem;
      return Outcome::Bad;
    }
    after_cr_ = c == '\r';
    if (after_cr_) continue;
    if (c != '\n') {
      ++column_;
      continue;
    }
    if (column_ == 0) {
      if (lines_ > 0) {
        ++at_;
        return Outcome::Complete;
      }
      begin_ = at_ + 1;
    } else if (++lines_ > limits::kHeadersMax + 1) {
      problem_ = "the request has too many headers: limit is 100";
      return Outcome::TooLarge;
    }
    column_ = 0;
  }
  return Outcome::More;
}

}  // namespace charter
