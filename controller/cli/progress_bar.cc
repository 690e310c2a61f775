#include "controller/cli/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace charter {
namespace {

constexpr int kBarWidth = 40;

/// One line, drawn over and over.
void draw(uint64_t done, uint64_t total) {
  const int percent = total == 0 ? 100 : static_cast<int>(std::min(done, total) * 100 / total);
  const int filled = percent * kBarWidth / 100;
  std::fprintf(stderr, "\r[%-*s] %3d %%", kBarWidth,
               std::string(static_cast<size_t>(filled), '#').c_str(), percent);
  if (done >= total) std::fputs("\r\033[K", stderr);
}

}  // namespace

Progress progress_bar() {
  return isatty(STDERR_FILENO) == 1 ? Progress(draw) : Progress();
}

}  // namespace charter
