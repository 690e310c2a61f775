#include "controller/object/quantity.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace charter {
namespace {

/// Digits kept of a number: enough for every exact amount in range, and their product stays within
/// 128 bits.
constexpr size_t kDigitsMax = 27;
constexpr Int128 kThousandthsMax = static_cast<Int128>(INT64_MAX) * 1000;

/// A suffix and what it multiplies by, in thousandths.
struct Unit {
  std::string_view suffix;
  Int128 thousandths;
};

constexpr Int128 power(int64_t base, int exponent) {
  Int128 out = 1;
  for (int i = 0; i < exponent; ++i)
    out *= base;
  return out;
}

constexpr Unit kUnits[] = {
    {"", 1000},
    {"m", 1},
    {"k", 1000 * power(1000, 1)},
    {"M", 1000 * power(1000, 2)},
    {"G", 1000 * power(1000, 3)},
    {"T", 1000 * power(1000, 4)},
    {"P", 1000 * power(1000, 5)},
    {"E", 1000 * power(1000, 6)},
    {"Ki", 1000 * power(1024, 1)},
    {"Mi", 1000 * power(1024, 2)},
    {"Gi", 1000 * power(1024, 3)},
    {"Ti", 1000 * power(1024, 4)},
    {"Pi", 1000 * power(1024, 5)},
    {"Ei", 1000 * power(1024, 6)},
};

/// What was read before the suffix: digits × 10^-decimals.
struct Number {
  Int128 digits = 0;
  int decimals = 0;
  bool negative = false;
};

Error refuse(std::string_view text, const char* why) {
  return Error{Code::Invalid, "quantity \"" + std::string(text.substr(0, 64)) + "\" " + why};
}

constexpr const char* kForm =
    "must be a number with an optional suffix: m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, or "
    "KB, MB, GB, TB, KiB, MiB, GiB, TiB";
constexpr const char* kTooPrecise = "has digits below a thousandth";
constexpr const char* kTooLarge = "is beyond 9223372036854775807 units";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Drops zeros that carry nothing, so that the limit on digits counts what matters.
void strip_zeros(std::string_view& whole, std::string_view& fraction) {
  whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
  const size_t last = fraction.find_last_not_of('0');
  fraction = last == std::string_view::npos ? std::string_view() : fraction.substr(0, last + 1);
}

std::string_view take_digits(std::string_view& rest) {
  size_t end = 0;
  while (end < rest.size() && is_digit(rest[end]))
    ++end;
  const std::string_view digits = rest.substr(0, end);
  rest.remove_prefix(end);
  return digits;
}

/// Reads sign, digits and decimals; `rest` is left at the suffix.
Result<Number> take_number(std::string_view text, std::string_view& rest) {
  Number number;
  rest = text;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+')) {
    number.negative = rest[0] == '-';
    rest.remove_prefix(1);
  }
  std::string_view whole = take_digits(rest);
  std::string_view fraction;
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    fraction = take_digits(rest);
  }
  if (whole.empty() && fraction.empty()) return refuse(text, kForm);
  strip_zeros(whole, fraction);
  if (whole.size() > kDigitsMax) return refuse(text, kTooLarge);
  if (whole.size() + fraction.size() > kDigitsMax) return refuse(text, kTooPrecise);
  for (const char c : whole)
    number.digits = number.digits * 10 + (c - '0');
  for (const char c : fraction)
    number.digits = number.digits * 10 + (c - '0');
  number.decimals = static_cast<int>(fraction.size());
  return number;
}

/// The unit of a suffix; "GB" and "GiB" mean G and Gi, "KB" means k. Nullptr when there is none.
const Unit* find_unit(std::string_view suffix) {
  if (suffix.size() >= 2 && suffix.back() == 'B') {
    suffix.remove_suffix(1);
    if (suffix == "m") return nullptr;
    if (suffix == "K") suffix = "k";
  }
  const auto* unit = std::find_if(std::begin(kUnits), std::end(kUnits),
                                  [&](const Unit& row) { return row.suffix == suffix; });
  return unit == std::end(kUnits) ? nullptr : unit;
}

/// Reads "e3", "E-2"; nothing when `rest` is no exponent.
std::optional<int> exponent_of(std::string_view rest) {
  if (rest.size() < 2 || (rest[0] != 'e' && rest[0] != 'E')) return std::nullopt;
  rest.remove_prefix(1);
  if (rest[0] == '+') {
    rest.remove_prefix(1);
    if (rest.empty() || !is_digit(rest[0])) return std::nullopt;
  }
  int exponent = 0;
  const char* end = rest.data() + rest.size();
  const auto [stop, error] = std::from_chars(rest.data(), end, exponent);
  if (stop != end || error == std::errc::invalid_argument) return std::nullopt;
  constexpr int kFarBeyond = 1000;  // anything of this size is out of range whatever its digits
  if (error != std::errc()) return rest[0] == '-' ? -kFarBeyond : kFarBeyond;
  return std::clamp(exponent, -kFarBeyond, kFarBeyond);
}

Int128 greatest_common_divisor(Int128 a, Int128 b) {
  while (b != 0) {
    const Int128 rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

std::string digits_of(Int128 value) {
  std::string out;
  do {
    out += static_cast<char>('0' + static_cast<int>(value % 10));
    value /= 10;
  } while (value != 0);
  std::reverse(out.begin(), out.end());
  return out;
}

/// `thousandths` / 1000 as a decimal without trailing zeros.
std::string decimal(Int128 thousandths) {
  std::string out = digits_of(thousandths / 1000);
  auto rest = static_cast<int>(thousandths % 1000);
  if (rest == 0) return out;
  out += '.';
  for (int unit = 100; rest != 0; unit /= 10) {
    out += static_cast<char>('0' + rest / unit);
    rest %= unit;
  }
  return out;
}

}  // namespace

Result<Quantity> Quantity::parse(std::string_view text) {
  std::string_view rest;
  CHARTER_TRY_ASSIGN(Number number, take_number(text, rest));
  Int128 scale = 1000;
  if (const Unit* unit = find_unit(rest)) {
    scale = unit->thousandths;
  } else if (const auto exponent = exponent_of(rest)) {
    number.decimals -= *exponent;
  } else {
    return refuse(text, kForm);
  }
  if (number.digits == 0) return Quantity();
  if (number.decimals < 0) {
    if (number.decimals < -18) return refuse(text, kTooLarge);
    scale *= power(10, -number.decimals);
    number.decimals = 0;
  }
  if (number.decimals > static_cast<int>(kDigitsMax)) return refuse(text, kTooPrecise);
  // Cancelling before multiplying keeps every product within 128 bits.
  Int128 divisor = power(10, number.decimals);
  const Int128 common = greatest_common_divisor(scale, divisor);
  scale /= common;
  divisor /= common;
  if (number.digits % divisor != 0) return refuse(text, kTooPrecise);
  const Int128 amount = number.digits / divisor;
  if (amount > kThousandthsMax / scale) return refuse(text, kTooLarge);
  return Quantity(number.negative ? -amount * scale : amount * scale);
}

int64_t Quantity::units() const {
  const Int128 whole = thousandths_ / 1000;
  const Int128 rest = thousandths_ % 1000;
  // Away from zero, as resource.Quantity.Value() rounds.
  return static_cast<int64_t>(whole + (rest > 0 ? 1 : rest < 0 ? -1 : 0));
}

std::string Quantity::to_bytes_string() const {
  constexpr std::string_view kNames[] = {"EB", "PB", "TB", "GB", "MB", "KB"};
  const Int128 size = thousandths_ < 0 ? -thousandths_ : thousandths_;
  std::string shortest = decimal(size);
  Int128 unit = power(1000, 6);
  bool first = true;
  for (const std::string_view name : kNames) {
    if (size >= unit * 1000 && size % unit == 0) {
      std::string form = decimal(size / unit).append(name);
      const bool better =
          form.size() < shortest.size() || (first && form.size() == shortest.size());
      if (better) shortest = std::move(form);
      first = first && !better;
    }
    unit /= 1000;
  }
  return thousandths_ < 0 ? "-" + shortest : shortest;
}

}  // namespace charter
