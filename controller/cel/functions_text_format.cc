#include "controller/cel/functions.h"
#include "controller/object/causes.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

// "…".format([…]), of the library "strings" in version 2: %s %d %f %e %b %x %X %o. Numbers with a
// point are written as in English: 1,234.5 and 1.5 × 10⁰³.
namespace charter::cel {
namespace {

constexpr int kPrecisionDefault = 6;
constexpr int kPrecisionMax = 100;

/// One format string at work. The first problem ends it.
class Formatter {
 public:
  Formatter(const Value& list, CallContext& context) : list_(list), context_(context) {}

  Value run(std::string_view format) {
    std::string out;
    for (size_t i = 0; i < format.size() && problem_.empty(); ++i) {
      if (format[i] != '%') {
        out += format[i];
      } else if (i + 1 < format.size() && format[i + 1] == '%') {
        out += '%';
        ++i;
      } else {
        const std::string part = clause(format, i);
        if (!may_make(context_, part.size() + 1)) return too_costly();
        out += part;
      }
    }
    return problem_.empty() ? Value::text(std::move(out)) : Value::error(problem_);
  }

 private:
  std::string fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
    return {};
  }

  // The clause after the percent sign at `at`, which is left at its last character.
  std::string clause(std::string_view format, size_t& at) {
    std::optional<int> precision;
    if (++at < format.size() && format[at] == '.') {
      int digits = 0;
      while (++at < format.size() && format[at] >= '0' && format[at] <= '9' &&
             digits <= kPrecisionMax)
        digits = digits * 10 + (format[at] - '0');
      if (digits > kPrecisionMax)
        return fail("could not parse formatting clause: error while parsing precision: precision " +
                    std::to_string(digits) + " exceeds maximum allowed precision 100");
      precision = digits;
    }
    if (at >= format.size())
      return fail("could not parse formatting clause: unexpected end of format string");
    const size_t index = next_++;
    if (index >= list_.size()) return fail("index " + std::to_string(index) + " out of range");
    const Value value = list_.element(index);
    if (value.is_error()) return fail(std::string(value.as_text()));
    switch (format[at]) {
      case 's':
        return text(value);
      case 'd':
        return decimal(value);
      case 'f':
        return fixed(value, precision.value_or(kPrecisionDefault));
      case 'e':
        return scientific(value, precision.value_or(kPrecisionDefault));
      case 'b':
        return binary(value);
      case 'x':
        return hexadecimal(value, "0123456789abcdef");
      case 'X':
        return hexadecimal(value, "0123456789ABCDEF");
      case 'o':
        return octal(value);
      default:
        return fail(
            std::string("could not parse formatting clause: unrecognized formatting clause \"") +
            format[at] + "\"");
    }
  }

  std::string refuse(const char* clause, const Value& value) {
    return fail("error during formatting: " + std::string(clause) + ", was given " +
                std::string(value.type_name()));
  }

  std::string text(const Value& value) {
    switch (value.kind()) {
      case Kind::Null:
        return "null";
      case Kind::Type:
        return type_text(*value.as_type());
      case Kind::List:
        return list(value);
      case Kind::Map:
        return map(value);
      default:
        break;
    }
    const Value pair[] = {value};
    for (const Overload& overload : *find_function("string"))
      if (value.kind() != Kind::Opaque && fits(overload, pair, 1)) {
        const Value made = overload.call(pair, 1, context_);
        if (!made.is_error()) return std::string(made.as_text());
        return fail("error during formatting: " + std::string(made.as_text()));
      }
    return refuse(
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, "
        "types, durations, and timestamps",
        value);
  }

  // Inside lists and maps texts are quoted, and times written as the calls that make them.
  std::string nested(const Value& value) {
    const std::string plain = value.kind() == Kind::Double ? nested_double(value) : text(value);
    // What is shared is written each time it is met.
    if (!may_make(context_, plain.size() + sizeof(Value)))
      return fail(std::string(too_costly().as_text()));
    switch (value.kind()) {
      case Kind::String:
        return go_quote(plain);
      case Kind::Bytes:
        return "b" + go_quote(plain);
      case Kind::Timestamp:
        return "timestamp(\"" + plain + "\")";
      case Kind::Duration:
        return "duration(\"" + plain + "\")";
      default:
        return plain;
    }
  }

  std::string nested_double(const Value& value) {
    return std::isfinite(value.as_double()) ? fixed(value, kPrecisionDefault) : text(value);
  }

  std::string list(const Value& value) {
    std::string out = "[";
    for (size_t i = 0; i < value.size() && problem_.empty(); ++i)
      out += (i ? ", " : "") + nested(value.element(i));
    return out + "]";
  }

  std::string map(const Value& value) {
    std::map<std::string, std::string> sorted;
    for (const Value& key : value.keys())
      if (problem_.empty()) sorted[nested(key)] = nested(*value.member(key));
    std::string out = "{";
    for (const auto& [key, part] : sorted)
      out += (out.size() > 1 ? ", " : "") + key + ": " + part;
    return out + "}";
  }

  std::string decimal(const Value& value) {
    if (value.kind() == Kind::Int) return std::to_string(value.as_int());
    if (value.kind() == Kind::Uint) return std::to_string(value.as_uint());
    return refuse("decimal clause can only be used on integers", value);
  }

  static std::string printed(const char* format, int precision, double number) {
    std::array<char, 512> out;
    const int size = std::snprintf(out.data(), out.size(), format, precision, number);
    return std::string(out.data(), static_cast<size_t>(size));
  }

  std::optional<double> real(const Value& value, const char* clause) {
    if (value.kind() == Kind::Double) return value.as_double();
    if (value.kind() == Kind::String) {
      if (value.as_text() == "NaN") return std::nan("");
      if (value.as_text() == "Infinity") return HUGE_VAL;
      if (value.as_text() == "-Infinity") return -HUGE_VAL;
    }
    refuse(clause, value);
    return std::nullopt;
  }

  static std::optional<std::string> special(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "\xE2\x88\x9E" : "-\xE2\x88\x9E";
    return std::nullopt;
  }

  std::string fixed(const Value& value, int precision) {
    const auto number = real(value, "fixed-point clause can only be used on doubles");
    if (!number) return {};
    if (const auto word = special(*number)) return *word;
    std::string out = printed("%.*f", precision, *number);
    const size_t begin = out[0] == '-' ? 1 : 0;
    for (size_t at = std::min(out.find('.'), out.size()); at > begin + 3; at -= 3)
      out.insert(at - 3, ",");
    return out;
  }

  std::string scientific(const Value& value, int precision) {
    const auto number = real(value, "scientific clause can only be used on doubles");
    if (!number) return {};
    if (const auto word = special(*number)) return *word;
    const std::string plain = printed("%.*e", precision, *number);
    const size_t e = plain.find('e');
    static constexpr std::array<std::string_view, 10> kRaised{
        "\u2070", "\u00B9", "\u00B2", "\u00B3", "\u2074",
        "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    std::string out = plain.substr(0, e) + "\u202F\u00D7\u202F" + "10";
    if (plain[e + 1] == '-') out += "\u207B";
    for (const char digit : plain.substr(e + 2))
      out += kRaised[static_cast<size_t>(digit - '0')];
    return out;
  }

  static std::string digits(uint64_t number, unsigned base, std::string_view names) {
    std::string out;
    do {
      out.insert(out.begin(), names[number % base]);
      number /= base;
    } while (number != 0);
    return out;
  }

  static std::string signed_digits(const Value& value, unsigned base, std::string_view names) {
    if (value.kind() == Kind::Uint) return digits(value.as_uint(), base, names);
    const int64_t number = value.as_int();
    if (number >= 0) return digits(static_cast<uint64_t>(number), base, names);
    return "-" + digits(uint64_t{0} - static_cast<uint64_t>(number), base, names);
  }

  static bool is_whole(const Value& value) {
    return value.kind() == Kind::Int || value.kind() == Kind::Uint;
  }

  std::string binary(const Value& value) {
    if (value.kind() == Kind::Bool) return value.as_bool() ? "1" : "0";
    if (is_whole(value)) return signed_digits(value, 2, "01");
    return refuse("only integers and bools can be formatted as binary", value);
  }

  std::string octal(const Value& value) {
    if (is_whole(value)) return signed_digits(value, 8, "01234567");
    return refuse("octal clause can only be used on integers", value);
  }

  std::string hexadecimal(const Value& value, std::string_view names) {
    if (is_whole(value)) return signed_digits(value, 16, names);
    if (value.kind() != Kind::String && value.kind() != Kind::Bytes)
      return refuse("only integers, byte buffers, and strings can be formatted as hex", value);
    std::string out;
    for (const char c : value.as_text()) {
      const auto byte = static_cast<unsigned char>(c);
      (out += names[byte >> 4U]) += names[byte & 15U];
    }
    return out;
  }

  const Value& list_;
  CallContext& context_;
  size_t next_ = 0;
  std::string problem_;
};

Value format(const Value* args, size_t, CallContext& context) {
  return Formatter(args[1], context).run(args[0].as_text());
}

}  // namespace

std::vector<FunctionRow> text_format_rows() {
  return {{".format", "string_format", "string; list(dyn)", "string", format, Cost::Traverse}};
}

}  // namespace charter::cel
