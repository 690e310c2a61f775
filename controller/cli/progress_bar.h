#pragma once

#include <cstdint>
#include <functional>

namespace charter {

/// Told of how much of a long command's work is done.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

/// Draws a bar on the terminal that standard error is; nothing when it is none.
Progress progress_bar();

}  // namespace charter
