#include "controller/object/causes.h"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace charter {
namespace {

Cause make(const char* reason, std::string_view word, std::string field, std::string_view value,
           std::string_view detail) {
  std::string message(word);
  if (!value.empty()) message.append(": ").append(value);
  if (!detail.empty()) message.append(": ").append(detail);
  return Cause{reason, std::move(message), std::move(field)};
}

// Shortest digits that read back to the same double, split into mantissa digits and decimal
// exponent.
std::pair<std::string, int> shortest(double number) {
  std::array<char, 40> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::scientific)
          .ptr;
  const std::string whole(text.data(), end);
  const size_t e = whole.find('e');
  return {whole.substr(0, e), std::atoi(whole.c_str() + e + 1)};
}

}  // namespace

Cause invalid_cause(std::string field, const Json& value, std::string_view detail) {
  return make("FieldValueInvalid", "Invalid value", std::move(field), value_text(value), detail);
}

Cause type_cause(std::string field, const Json& value, std::string_view detail) {
  return make("FieldValueTypeInvalid", "Invalid value", std::move(field), value_text(value),
              detail);
}

Cause required_cause(std::string field, std::string_view detail) {
  return make("FieldValueRequired", "Required value", std::move(field), {}, detail);
}

Cause forbidden_cause(std::string field, std::string_view detail) {
  return make("FieldValueForbidden", "Forbidden", std::move(field), {}, detail);
}

Cause duplicate_cause(std::string field, const Json& value) {
  return make("FieldValueDuplicate", "Duplicate value", std::move(field), value_text(value), {});
}

Cause unsupported_cause(std::string field, const Json& value,
                        const std::vector<std::string>& supported) {
  std::string detail = "supported values: ";
  for (size_t i = 0; i < supported.size(); ++i)
    detail.append(i == 0 ? "" : ", ").append(go_quote(supported[i]));
  return make("FieldValueNotSupported", "Unsupported value", std::move(field), value_text(value),
              detail);
}

Cause too_many_cause(std::string field, size_t actual, int64_t most) {
  const std::string detail =
      "must have at most " + std::to_string(most) + (most == 1 ? " item" : " items");
  return make("FieldValueTooMany", "Too many", std::move(field), std::to_string(actual), detail);
}

Cause too_long_cause(std::string field, int64_t most) {
  const std::string detail =
      "may not be more than " + std::to_string(most) + (most == 1 ? " byte" : " bytes");
  return make("FieldValueTooLong", "Too long", std::move(field), {}, detail);
}

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (const auto at = std::string_view("\a\b\t\n\v\f\r").find(c);
               at != std::string_view::npos) {
      out.append(1, '\\').append(1, "abtnvfr"[at]);
    } else if (byte < 0x20 || byte == 0x7f) {
      std::array<char, 8> hex;
      std::snprintf(hex.data(), hex.size(), "\\x%02x", byte);
      out += hex.data();
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string go_float(double number) {
  if (number == 0) return "0";
  if (!std::isfinite(number)) return std::isnan(number) ? "NaN" : number > 0 ? "+Inf" : "-Inf";
  const auto [mantissa, exponent] = shortest(number);
  // strconv's 'g' format with the shortest precision switches to an exponent at six digits.
  if (exponent < -4 || exponent >= 6) {
    std::array<char, 16> power;
    std::snprintf(power.data(), power.size(), "e%+03d", exponent);
    return mantissa + power.data();
  }
  std::array<char, 64> text;
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

std::string value_text(const Json& value) {
  if (value.is_string()) return go_quote(value.get_ref<const std::string&>());
  if (value.is_number_float()) return go_float(value.get<double>());
  return encode(value);
}

}  // namespace charter
