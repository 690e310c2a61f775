#include "controller/base/terminal.h"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

namespace charter {
namespace {

constexpr int kBarWidth = 40;
constexpr const char* kClearLine = "\r\033[K";

bool is_terminal() {
  return isatty(STDERR_FILENO) == 1;
}

/// One line, drawn over and over.
void draw(uint64_t done, uint64_t total) {
  const int percent = total == 0 ? 100 : static_cast<int>(std::min(done, total) * 100 / total);
  const int filled = percent * kBarWidth / 100;
  std::fprintf(stderr, "\r[%-*s] %3d %%", kBarWidth,
               std::string(static_cast<size_t>(filled), '#').c_str(), percent);
  if (done >= total) std::fputs(kClearLine, stderr);
}

}  // namespace

Progress progress_bar() {
  return is_terminal() ? Progress(draw) : Progress();
}

void CountLine::show(uint64_t count) {
  if (!is_terminal()) return;
  std::fprintf(stderr, "\r%llu %s", static_cast<unsigned long long>(count), what_.c_str());
  drawn_ = true;
}

void CountLine::clear() {
  if (drawn_) std::fputs(kClearLine, stderr);
  drawn_ = false;
}

}  // namespace charter
