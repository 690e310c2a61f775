#pragma once

#include "controller/base/int128.h"
#include "controller/base/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

// Exact money. A Decimal is an integer number of 10^-18, wide enough for price × quantity without
// rounding; nothing is ever a float. Rounding happens in one place, `round_to_currency`, half to
// even, once per invoice line or estimate.
namespace charter {

/// A signed decimal with up to 18 fraction digits and up to 20 digits before the point.
class Decimal {
 public:
  constexpr Decimal() = default;
  static constexpr Decimal from_units(int64_t units) {
    return Decimal(static_cast<Int128>(units) * kScale);
  }
  /// Parses "0.13", "5.00", "-3": at most 9 fraction digits and 18 digits before the point. Errors:
  /// Invalid.
  static Result<Decimal> parse(std::string_view text);

  /// Exact, or Invalid "… is too large" when digits would be lost on either side.
  Result<Decimal> times(const Decimal& other) const;
  Result<Decimal> plus(const Decimal& other) const;
  Decimal minus(const Decimal& other) const { return Decimal(value_ - other.value_); }
  /// Divides by a positive integer; half-even at the 18th digit. For rates such as a price per
  /// month in hours.
  Decimal divided_by(int64_t divisor) const;
  /// `numerator` / `denominator` of this: exact intermediate, half-even at the 18th digit.
  /// Denominator positive.
  Result<Decimal> scaled(int64_t numerator, int64_t denominator) const;

  /// This times `numerator` / `denominator` (positive), exact in between, rounded once: half-even
  /// to `digits` fraction digits. Errors: Invalid when the result is too large.
  Result<Decimal> rated(Int128 numerator, Int128 denominator, int digits) const;
  /// `numerator` / `denominator` (positive), half-even to `digits` fraction digits.
  static Result<Decimal> ratio(Int128 numerator, Int128 denominator, int digits);
  /// Whole number of 10^-18.
  constexpr Int128 atoms() const { return value_; }
  static constexpr Decimal from_atoms(Int128 atoms) { return Decimal(atoms); }

  constexpr bool is_zero() const { return value_ == 0; }
  constexpr bool is_negative() const { return value_ < 0; }
  /// Shortest exact form: "0.13", "5", "-0.000000001".
  std::string text() const;
  /// With exactly `digits` fraction digits, half-even: "996.02".
  std::string text_with(int digits) const;
  /// Half-even to `digits` fraction digits.
  Decimal rounded(int digits) const;
  constexpr auto operator<=>(const Decimal&) const = default;

 private:
  static constexpr Int128 kScale = 1'000'000'000'000'000'000;
  constexpr explicit Decimal(Int128 value) : value_(value) {}
  Int128 value_ = 0;
};

/// Digits after the point of a currency's minor unit by ISO 4217 (USD 2, JPY 0, KWD 3). Errors:
/// Invalid for an unknown code.
Result<int> minor_digits(std::string_view currency);

/// The amount rounded half-even to the minor unit. Errors: as minor_digits.
Result<Decimal> round_to_currency(const Decimal& amount, std::string_view currency);

/// "996.02 USD", rounded. Errors: as minor_digits.
Result<std::string> money_text(const Decimal& amount, std::string_view currency);

}  // namespace charter
