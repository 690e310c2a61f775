#pragma once

#include <cstddef>

// Bounds of `charter export`.
namespace charter::limits {

/// Objects that one export looks at: they are all held in memory, some 10 KiB each.
inline constexpr size_t kExportedObjectsMax = 200'000;
/// A list whose continue token expired on the way begins again so often.
inline constexpr int kExportListRestartsMax = 3;

}  // namespace charter::limits
