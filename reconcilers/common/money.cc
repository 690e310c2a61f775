#include "reconcilers/common/money.h"

#include "controller/base/check.h"
#include "reconcilers/common/wide.h"

#include <algorithm>
#include <array>

namespace charter {
namespace {

using Wide = Int128;
constexpr int kFractionDigits = 18;
constexpr size_t kParsedFractionMax = 9;
constexpr size_t kParsedWholeMax = 18;

Error too_large() {
  return {Code::Invalid, "the amount is too large to be computed exactly"};
}

Wide power_of_ten(int exponent) {
  Wide power = 1;
  for (int i = 0; i < exponent; ++i)
    power *= 10;
  return power;
}

/// value / divisor, half to even. `divisor` positive.
Wide divide_half_even(Wide value, Wide divisor) {
  const Wide quotient = value / divisor;
  const Wide rest = value % divisor;
  const Wide size = rest < 0 ? -rest : rest;
  const bool up = size > divisor - size || (size == divisor - size && quotient % 2 != 0);
  if (!up) return quotient;
  return value < 0 ? quotient - 1 : quotient + 1;
}

std::string digits_of(Wide value) {
  CHECK(value >= 0);
  std::string digits;
  do {
    digits += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value > 0);
  return {digits.rbegin(), digits.rend()};
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// ISO 4217 list one (active codes that are money of a country or union), by minor unit; funds,
// metals and test codes are not prices.
constexpr std::string_view kTwoDigits =
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNY COP CRC "
    "CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD "
    "KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL "
    "THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";
constexpr std::string_view kNoDigits =
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
constexpr std::string_view kThreeDigits = "BHD IQD JOD KWD LYD OMR TND";

bool lists(std::string_view codes, std::string_view code) {
  for (size_t at = 0; at + 3 <= codes.size(); at += 4) {
    if (codes.substr(at, 3) == code) return true;
  }
  return false;
}

}  // namespace

Result<Decimal> Decimal::parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  const auto unsigned_text = negative ? text.substr(1) : text;
  const auto point = unsigned_text.find('.');
  const auto whole = unsigned_text.substr(0, point);
  const auto fraction =
      point == std::string_view::npos ? std::string_view("0") : unsigned_text.substr(point + 1);
  if (!all_digits(whole) || !all_digits(fraction)) {
    return Error{Code::Invalid,
                 "\"" + std::string(text) + "\" is not a decimal number such as 0.13"};
  }
  if (whole.size() > kParsedWholeMax || fraction.size() > kParsedFractionMax) {
    return Error{Code::Invalid,
                 "\"" + std::string(text) +
                     "\" has too many digits: at most 18 before the point and 9 after it"};
  }
  Wide value = 0;
  for (const char c : whole)
    value = value * 10 + (c - '0');
  for (const char c : fraction)
    value = value * 10 + (c - '0');
  value *= power_of_ten(kFractionDigits - static_cast<int>(fraction.size()));
  return Decimal(negative ? -value : value);
}

Result<Decimal> Decimal::plus(const Decimal& other) const {
  Wide sum = 0;
  if (__builtin_add_overflow(value_, other.value_, &sum)) return too_large();
  return Decimal(sum);
}

Result<Decimal> Decimal::times(const Decimal& other) const {
  // (q·S + r)(p·S + t) / S = q·p·S + q·t + r·p + r·t/S: no part needs more than 128 bits unless the
  // result does.
  const Wide q = value_ / kScale, r = value_ % kScale;
  const Wide p = other.value_ / kScale, t = other.value_ % kScale;
  if (r * t % kScale != 0)
    return Error{Code::Invalid, "the product has more than 18 digits after the point"};
  Wide whole = 0, left = 0, right = 0, sum = 0;
  if (__builtin_mul_overflow(q, p, &whole) || __builtin_mul_overflow(whole, kScale, &whole) ||
      __builtin_mul_overflow(q, t, &left) || __builtin_mul_overflow(r, p, &right) ||
      __builtin_add_overflow(whole, left, &sum) || __builtin_add_overflow(sum, right, &sum) ||
      __builtin_add_overflow(sum, r * t / kScale, &sum)) {
    return too_large();
  }
  return Decimal(sum);
}

Decimal Decimal::divided_by(int64_t divisor) const {
  CHECK(divisor > 0);
  return Decimal(divide_half_even(value_, divisor));
}

Result<Decimal> Decimal::scaled(int64_t numerator, int64_t denominator) const {
  CHECK(denominator > 0);
  // value·n/d = (value/d)·n + (value%d)·n/d: the second product is below 2^126.
  Wide whole = 0, sum = 0;
  const Wide rest = divide_half_even(value_ % denominator * numerator, denominator);
  if (__builtin_mul_overflow(value_ / denominator, static_cast<Wide>(numerator), &whole) ||
      __builtin_add_overflow(whole, rest, &sum)) {
    return too_large();
  }
  return Decimal(sum);
}

Result<Decimal> Decimal::rated(Int128 numerator, Int128 denominator, int digits) const {
  CHECK(denominator > 0 && digits >= 0 && digits <= kFractionDigits);
  const Wide unit = power_of_ten(kFractionDigits - digits);
  Wide divisor = 0, units = 0, atoms = 0;
  if (__builtin_mul_overflow(denominator, unit, &divisor)) return too_large();
  const auto quotient = multiply_divide_half_even(value_, numerator, divisor);
  if (!quotient) return too_large();
  units = *quotient;
  if (__builtin_mul_overflow(units, unit, &atoms)) return too_large();
  return Decimal(atoms);
}

Result<Decimal> Decimal::ratio(Int128 numerator, Int128 denominator, int digits) {
  return from_units(1).rated(numerator, denominator, digits);
}

Decimal Decimal::rounded(int digits) const {
  CHECK(digits >= 0 && digits <= kFractionDigits);
  const Wide unit = power_of_ten(kFractionDigits - digits);
  return Decimal(divide_half_even(value_, unit) * unit);
}

std::string Decimal::text_with(int digits) const {
  const Wide units = divide_half_even(value_, power_of_ten(kFractionDigits - digits));
  auto text = digits_of(units < 0 ? -units : units);
  const auto fraction = static_cast<size_t>(digits);
  if (text.size() <= fraction) text.insert(0, fraction + 1 - text.size(), '0');
  if (digits > 0) text.insert(text.size() - fraction, 1, '.');
  return units < 0 ? "-" + text : text;
}

std::string Decimal::text() const {
  auto text = text_with(kFractionDigits);
  while (text.back() == '0')
    text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

Result<int> minor_digits(std::string_view currency) {
  if (currency.size() == 3) {
    if (lists(kTwoDigits, currency)) return 2;
    if (lists(kNoDigits, currency)) return 0;
    if (lists(kThreeDigits, currency)) return 3;
  }
  return Error{Code::Invalid, "\"" + std::string(currency) + "\" is not a currency of ISO 4217",
               "UnknownCurrency"};
}

Result<Decimal> round_to_currency(const Decimal& amount, std::string_view currency) {
  CHARTER_TRY_ASSIGN(const int digits, minor_digits(currency));
  return amount.rounded(digits);
}

Result<std::string> money_text(const Decimal& amount, std::string_view currency) {
  CHARTER_TRY_ASSIGN(const int digits, minor_digits(currency));
  return amount.text_with(digits) + " " + std::string(currency);
}

}  // namespace charter
