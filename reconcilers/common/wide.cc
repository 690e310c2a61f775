#include "reconcilers/common/wide.h"

#include "controller/base/check.h"

#include <cstdint>

namespace charter {
namespace {

constexpr int kBits = 128;

// high × 2^128 + low.
struct Product {
  Uint128 high = 0, low = 0;
};

Uint128 size_of(Int128 value) {
  return value < 0 ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
}

// By halves of 64 bits, as on paper.
Product multiply(Uint128 a, Uint128 b) {
  const Uint128 a_low = static_cast<uint64_t>(a), a_high = a >> 64;
  const Uint128 b_low = static_cast<uint64_t>(b), b_high = b >> 64;
  const Uint128 low = a_low * b_low;
  const Uint128 left = a_high * b_low, right = a_low * b_high;
  const Uint128 middle = (low >> 64) + static_cast<uint64_t>(left) + static_cast<uint64_t>(right);
  return {a_high * b_high + (left >> 64) + (right >> 64) + (middle >> 64),
          (middle << 64) | static_cast<uint64_t>(low)};
}

}  // namespace

std::optional<Int128> multiply_divide_half_even(Int128 a, Int128 b, Int128 divisor) {
  CHECK(divisor > 0);
  const bool negative = (a < 0) != (b < 0);
  const Product product = multiply(size_of(a), size_of(b));
  const auto by = static_cast<Uint128>(divisor);
  // Then the quotient fits into 128 bits.
  if (product.high >= by) return std::nullopt;
  Uint128 rest = product.high, quotient = 0;
  for (int bit = kBits - 1; bit >= 0; --bit) {
    // `by` is below 2^127, so twice the rest is below 2^128.
    rest = (rest << 1) | ((product.low >> bit) & 1);
    quotient <<= 1;
    if (rest >= by) {
      rest -= by;
      quotient |= 1;
    }
  }
  if (quotient >> (kBits - 1) != 0) return std::nullopt;
  if (rest > by - rest || (rest == by - rest && (quotient & 1) != 0)) ++quotient;
  if (quotient >> (kBits - 1) != 0) return std::nullopt;
  const auto size = static_cast<Int128>(quotient);
  return negative ? -size : size;
}

}  // namespace charter
