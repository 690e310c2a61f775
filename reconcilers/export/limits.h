#pragma once

#include <cstddef>

// Bounds of `charter export`.
namespace charter::limits {

/// Objects that one export looks at: they are all held in memory, some 10 KiB each.
inline constexpr size_t kExportedObjectsMax = 200'000;

}  // namespace charter::limits
