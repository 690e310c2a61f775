#include "controller/object/yaml_scalar.h"

#include "controller/base/base64.h"
#include "controller/object/json_text.h"
#include "controller/object/utf8.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace charter {
namespace {

/// What a fixed word means; `number` only counts for Kind::Number.
struct Word {
  enum class Kind { Null, True, False, Number };
  std::string_view text;
  Kind kind;
  double number = 0;
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

constexpr Word kWords[] = {
    {"", Word::Kind::Null},
    {"~", Word::Kind::Null},
    {"null", Word::Kind::Null},
    {"Null", Word::Kind::Null},
    {"NULL", Word::Kind::Null},
    {"y", Word::Kind::True},
    {"Y", Word::Kind::True},
    {"yes", Word::Kind::True},
    {"Yes", Word::Kind::True},
    {"YES", Word::Kind::True},
    {"on", Word::Kind::True},
    {"On", Word::Kind::True},
    {"ON", Word::Kind::True},
    {"true", Word::Kind::True},
    {"True", Word::Kind::True},
    {"TRUE", Word::Kind::True},
    {"n", Word::Kind::False},
    {"N", Word::Kind::False},
    {"no", Word::Kind::False},
    {"No", Word::Kind::False},
    {"NO", Word::Kind::False},
    {"off", Word::Kind::False},
    {"Off", Word::Kind::False},
    {"OFF", Word::Kind::False},
    {"false", Word::Kind::False},
    {"False", Word::Kind::False},
    {"FALSE", Word::Kind::False},
    {".nan", Word::Kind::Number, kNan},
    {".NaN", Word::Kind::Number, kNan},
    {".NAN", Word::Kind::Number, kNan},
    {".inf", Word::Kind::Number, kInfinity},
    {".Inf", Word::Kind::Number, kInfinity},
    {".INF", Word::Kind::Number, kInfinity},
    {"+.inf", Word::Kind::Number, kInfinity},
    {"+.Inf", Word::Kind::Number, kInfinity},
    {"+.INF", Word::Kind::Number, kInfinity},
    {"-.inf", Word::Kind::Number, -kInfinity},
    {"-.Inf", Word::Kind::Number, -kInfinity},
    {"-.INF", Word::Kind::Number, -kInfinity},
};

const Word* find_word(std::string_view text) {
  if (text.size() > 5) return nullptr;  // the longest word
  const auto* found = std::find_if(std::begin(kWords), std::end(kWords),
                                   [&](const Word& word) { return word.text == text; });
  return found == std::end(kWords) ? nullptr : found;
}

Json word_value(const Word& word) {
  switch (word.kind) {
    case Word::Kind::Null:
      return nullptr;
    case Word::Kind::True:
      return true;
    case Word::Kind::False:
      return false;
    case Word::Kind::Number:
      return word.number;
  }
  return nullptr;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Cuts the base prefix of Go's strconv.ParseInt(…, 0, 64): 0x, 0o, 0b, or a leading zero for
/// octal.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const char mark = static_cast<char>(digits[1] | 0x20);
  const int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
  digits.remove_prefix(base == 0 ? 1 : 2);
  return base == 0 ? 8 : base;
}

/// The integer, or null when the text is none or fits neither int64 nor (without a sign) uint64.
Json resolve_integer(std::string_view text) {
  const bool negative = text[0] == '-';
  const bool has_sign = negative || text[0] == '+';
  std::string_view digits = text.substr(has_sign ? 1 : 0);
  const int base = take_base(digits);
  uint64_t magnitude = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, magnitude, base);
  if (digits.empty() || error != std::errc() || stop != end) return nullptr;
  constexpr auto kMax = static_cast<uint64_t>(INT64_MAX);
  if (magnitude <= kMax) {
    const auto value = static_cast<int64_t>(magnitude);
    return negative ? -value : value;
  }
  if (negative && magnitude == kMax + 1) return INT64_MIN;
  return has_sign ? Json(nullptr) : Json(magnitude);
}

/// True for [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float_form(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    return at - from;
  };
  const auto skip = [&](std::string_view any) {
    const bool hit = at < text.size() && any.find(text[at]) != std::string_view::npos;
    if (hit) ++at;
    return hit;
  };
  skip("+-");
  const size_t whole = digits();
  const size_t fraction = skip(".") ? digits() : 0;
  if (whole == 0 && fraction == 0) return false;
  if (skip("eE")) {
    skip("+-");
    if (digits() == 0) return false;
  }
  return at == text.size();
}

/// The number, or null when it is none or beyond a double: Go then leaves the scalar a string.
Json resolve_float(std::string_view text) {
  if (!is_float_form(text)) return nullptr;
  if (text[0] == '+') text.remove_prefix(1);
  double number = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::result_out_of_range) {
    // from_chars does not say which end was passed. A negative exponent can only have come to
    // nothing.
    const bool tiny = text.find("e-") != std::string_view::npos ||
                      text.find("E-") != std::string_view::npos || text.find('.') <= 1;
    return tiny ? Json(0) : Json(nullptr);
  }
  return error == std::errc() ? json_number(number) : Json(nullptr);
}

std::string replace_broken(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    out += length == 0 ? kReplacementCharacter : text.substr(at, length);
    at += std::max<size_t>(length, 1);
  }
  return out;
}

}  // namespace

Json resolve_plain_scalar(std::string_view text) {
  if (const Word* word = find_word(text)) return word_value(*word);
  if (text[0] == '.') {
    Json number = resolve_float(text);
    return number.is_null() ? Json(text) : number;
  }
  if (!is_digit(text[0]) && text[0] != '+' && text[0] != '-') return text;
  std::string plain(text);
  std::erase(plain, '_');
  Json number = resolve_integer(plain);
  if (number.is_null()) number = resolve_float(plain);
  return number.is_null() ? Json(text) : number;
}

Result<std::string> yaml_key(const Json& scalar) {
  if (scalar.is_string()) return scalar.get<std::string>();
  if (scalar.is_number_float()) {
    // sigs.k8s.io/yaml prints float keys with 32 bits: strconv.FormatFloat(key, 'g', -1, 32).
    char digits[32];
    const auto [end, error] =
        std::to_chars(digits, digits + sizeof digits, static_cast<float>(scalar.get<double>()),
                      std::chars_format::general);
    return std::string(digits, static_cast<size_t>(end - digits));
  }
  if (scalar.is_boolean() || scalar.is_number()) return encode(scalar);
  return Error{Code::BadRequest, "yaml: a key must be a string, a number or a boolean"};
}

Result<std::string> decode_yaml_binary(std::string_view text) {
  const auto bytes = decode_base64(text);
  if (!bytes) return Error{Code::BadRequest, "yaml: !!binary is not base64"};
  return replace_broken(*bytes);
}

}  // namespace charter
