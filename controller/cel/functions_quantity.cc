#include "controller/base/int128.h"
#include "controller/cel/functions.h"
#include "controller/cel/limits.h"

#include <array>
#include <cmath>
#include <optional>

// Kubernetes quantities: "1.5Gi", "250m". Exact to a billionth, rounded up below that as kube does.
namespace charter::cel {
namespace {

constexpr Int128 kScale = 1'000'000'000;
constexpr Int128 kMost = Int128{INT64_MAX} * kScale * 1'000'000'000;

/// A value of type kubernetes.Quantity.
struct Amount final : Opaque {
  explicit Amount(Int128 billionths_) : billionths(billionths_) {}
  std::string_view type_name() const override { return "kubernetes.Quantity"; }
  bool equals(const Opaque& other) const override {
    const auto* amount = dynamic_cast<const Amount*>(&other);
    return amount != nullptr && amount->billionths == billionths;
  }
  Int128 billionths;
};

struct Suffix {
  std::string_view name;
  int base, power;
};
constexpr std::array<Suffix, 16> kSuffixes{{{"n", 10, -9},
                                            {"u", 10, -6},
                                            {"m", 10, -3},
                                            {"", 10, 0},
                                            {"k", 10, 3},
                                            {"M", 10, 6},
                                            {"G", 10, 9},
                                            {"T", 10, 12},
                                            {"P", 10, 15},
                                            {"E", 10, 18},
                                            {"Ki", 2, 10},
                                            {"Mi", 2, 20},
                                            {"Gi", 2, 30},
                                            {"Ti", 2, 40},
                                            {"Pi", 2, 50},
                                            {"Ei", 2, 60}}};

std::optional<Suffix> read_suffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes)
    if (suffix.name == text) return suffix;
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  size_t at = text[1] == '+' || text[1] == '-' ? 2 : 1;
  int power = 0;
  if (at == text.size() || text.size() - at > 2) return std::nullopt;
  for (; at < text.size(); ++at) {
    if (text[at] < '0' || text[at] > '9') return std::nullopt;
    power = power * 10 + (text[at] - '0');
  }
  return Suffix{"", 10, text[1] == '-' ? -power : power};
}

// number × base^power in billionths, of a number with `places` decimal places.
std::optional<Int128> scaled(Int128 number, int places, const Suffix& suffix) {
  int tens = 9 - places + (suffix.base == 10 ? suffix.power : 0);
  for (int i = 0; suffix.base == 2 && i < suffix.power; ++i) {
    if (number > kMost / 2) return std::nullopt;
    number *= 2;
  }
  for (; tens > 0 && number != 0; --tens) {
    if (number > kMost / 10) return std::nullopt;
    number *= 10;
  }
  bool rest = false;
  for (; tens < 0; ++tens) {
    rest |= number % 10 != 0;
    number /= 10;
  }
  return number + (rest ? 1 : 0);
}

std::optional<Int128> read_amount(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  Int128 number = 0;
  int places = 0;
  size_t digits = 0, at = 0;
  bool point = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '.' && !point) {
      point = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') break;
    ++digits;
    if (digits > limits::kNumberDigitsMax) return std::nullopt;
    number = number * 10 + (text[at] - '0');
    if (point) ++places;
  }
  const auto suffix = read_suffix(text.substr(at));
  if (digits == 0 || !suffix) return std::nullopt;
  const auto out = scaled(number, places, *suffix);
  if (!out || *out > kMost) return std::nullopt;
  return negative ? -*out : *out;
}

Int128 amount_of(const Value& value) {
  return static_cast<const Amount&>(value.as_opaque()).billionths;
}
Value amount(Int128 billionths) {
  if (billionths > kMost || billionths < -kMost) return Value::error("integer overflow");
  return Value::opaque(std::make_unique<Amount>(billionths));
}

Value is_quantity(const Value* args, size_t, CallContext&) {
  return Value::boolean(read_amount(args[0].as_text()).has_value());
}

Value to_quantity(const Value* args, size_t, CallContext&) {
  const auto read = read_amount(args[0].as_text());
  if (read) return amount(*read);
  return Value::error(
      "quantities must match the regular expression "
      "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

Value sign(const Value* args, size_t, CallContext&) {
  const Int128 value = amount_of(args[0]);
  return Value::integer(value < 0 ? -1 : value > 0 ? 1 : 0);
}

bool fits_int(Int128 value) {
  return value % kScale == 0 && value / kScale <= INT64_MAX && value / kScale >= INT64_MIN;
}

Value is_integer(const Value* args, size_t, CallContext&) {
  return Value::boolean(fits_int(amount_of(args[0])));
}

Value as_integer(const Value* args, size_t, CallContext&) {
  const Int128 value = amount_of(args[0]);
  if (!fits_int(value)) return Value::error("cannot convert value to integer");
  return Value::integer(static_cast<int64_t>(value / kScale));
}

Value as_float(const Value* args, size_t, CallContext&) {
  return Value::real(static_cast<double>(amount_of(args[0])) / static_cast<double>(kScale));
}

Value greater(const Value* args, size_t, CallContext&) {
  return Value::boolean(amount_of(args[0]) > amount_of(args[1]));
}
Value less(const Value* args, size_t, CallContext&) {
  return Value::boolean(amount_of(args[0]) < amount_of(args[1]));
}
Value order(const Value* args, size_t, CallContext&) {
  const Int128 a = amount_of(args[0]), b = amount_of(args[1]);
  return Value::integer(a < b ? -1 : b < a ? 1 : 0);
}

Int128 operand(const Value& value) {
  return value.kind() == Kind::Int ? Int128{value.as_int()} * kScale : amount_of(value);
}
Value add(const Value* args, size_t, CallContext&) {
  return amount(amount_of(args[0]) + operand(args[1]));
}
Value subtract(const Value* args, size_t, CallContext&) {
  return amount(amount_of(args[0]) - operand(args[1]));
}

}  // namespace

std::vector<FunctionRow> quantity_rows() {
  constexpr std::string_view kOne = "kubernetes.Quantity";
  constexpr std::string_view kTwo = "kubernetes.Quantity; kubernetes.Quantity";
  constexpr std::string_view kInt = "kubernetes.Quantity; int";
  return {
      {"isQuantity", "is_quantity_string", "string", "bool", is_quantity, Cost::Traverse},
      {"quantity", "string_to_quantity", "string", kOne, to_quantity, Cost::Traverse},
      {".sign", "quantity_sign", kOne, "int", sign},
      {".isInteger", "quantity_is_integer", kOne, "bool", is_integer},
      {".asInteger", "quantity_get_int", kOne, "int", as_integer},
      {".asApproximateFloat", "quantity_get_float", kOne, "double", as_float},
      {".isGreaterThan", "quantity_is_greater_than", kTwo, "bool", greater},
      {".isLessThan", "quantity_is_less_than", kTwo, "bool", less},
      {".compareTo", "quantity_compare_to", kTwo, "int", order},
      {".add", "quantity_add", kTwo, kOne, add},
      {".add", "quantity_add_int", kInt, kOne, add},
      {".sub", "quantity_sub", kTwo, kOne, subtract},
      {".sub", "quantity_sub_int", kInt, kOne, subtract},
  };
}

}  // namespace charter::cel
