#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Sizes as the Provider's settings write them ("64GB", "1.5Ti", "100Gi"), and as messages show
// them. Drivers know no Quantity (they depend on base alone), and need no more of it than this.
namespace charter {

/// Bytes of a size: digits, up to three decimals, one of k K M G T P Ki Mi Gi Ti Pi, an optional B.
/// Nothing for anything else, for fractions of a byte and beyond int64.
std::optional<int64_t> parse_size(std::string_view text);

/// Shortest exact form: "64GB", "8GiB", "1500MB", plain digits when nothing divides.
std::string format_size(int64_t bytes);

}  // namespace charter
