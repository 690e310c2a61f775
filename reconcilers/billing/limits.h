#pragma once

#include <cstddef>
#include <cstdint>

// Bounds of rating and reporting. Beside controller/base/limits.h, so that a change of one rebuilds
// only who bills.
namespace charter::limits {

/// Intervals that one bill or report may look at: some 600 MB while it is made.
inline constexpr size_t kBilledIntervalsMax = 4'000'000;
/// Text of the interval ids on a line; where they need more, their number and digest stand alone.
inline constexpr size_t kLineIdsBytesMax = 1'024;
/// Lines of a bill: what the CRD of Invoice holds.
inline constexpr size_t kInvoiceLinesMax = 1'024;
/// Earlier bills of a contract that a new one looks through for late usage.
inline constexpr size_t kCorrectedInvoicesMax = 24;

}  // namespace charter::limits
