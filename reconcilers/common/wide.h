#pragma once

#include "controller/base/int128.h"

#include <optional>

namespace charter {

/// a × b / divisor, half to even, with a product of up to 256 bits in between: a price times
/// byte-seconds needs more than 128. `divisor` positive. Nothing when the quotient needs more than
/// 127 bits. Pure.
std::optional<Int128> multiply_divide_half_even(Int128 a, Int128 b, Int128 divisor);

}  // namespace charter
