#pragma once

#include <cstdint>

namespace charter {

/// A volume may be larger than asked for by less than this: hosts keep whole blocks. That is neither
/// drift nor growth.
inline constexpr int64_t kSizeRounding = 4096;

}  // namespace charter
