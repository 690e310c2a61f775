#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "controller/base/int128.h"
#include "controller/base/result.h"

// Amounts: Kubernetes quantities ("500m", "8Gi") and the catalog's sizes ("8GB", "100GB", "1TB"). Exact: an integer
// number of thousandths; nothing is ever a float. GB = 10^9, GiB = Gi = 2^30, TB = 10^12, TiB = 2^40.
namespace charter {

/// An amount in thousandths of its unit.
class Quantity {
 public:
  constexpr Quantity() = default;
  static constexpr Quantity from_units(int64_t units) { return Quantity(static_cast<Int128>(units) * 1000); }
  /// Parses a non-negative or negative quantity with suffix m, k, M, G, T, P, E, Ki … Ei, or with the same and "B" (KB, GB, GiB …),
  /// or a decimal exponent (1e3). Errors: Invalid; too many digits below a thousandth are refused, not rounded;
  /// beyond ±9.2e18 units is refused.
  static Result<Quantity> parse(std::string_view text);

  /// Whole units, rounded up (as Kubernetes' Value()).
  int64_t units() const;
  constexpr Int128 thousandths() const { return thousandths_; }
  /// Shortest decimal form with GB-style suffixes: "8GB", "500GB", "1.5TB"; plain digits when not divisible.
  std::string to_bytes_string() const;
  constexpr auto operator<=>(const Quantity&) const = default;

 private:
  constexpr explicit Quantity(Int128 thousandths) : thousandths_(thousandths) {}
  Int128 thousandths_ = 0;
};

}  // namespace charter
