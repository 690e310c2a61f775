#include "controller/base/base64.h"
#include "controller/cel/functions.h"
#include "controller/cel/url.h"
#include "controller/object/labels.h"

#include <array>
#include <cctype>

// Kubernetes' named formats: format.dns1123Label().validate(text) and the like.
namespace charter::cel {
namespace {

using Check = std::string (*)(std::string_view);

/// A format and what it says of a text; empty: it fits.
struct Format {
  std::string_view name;  ///< as expressions call it
  Check check;
};

// A prefix may end with a dash, because something will follow.
std::string masked(std::string_view text) {
  std::string out(text);
  if (out.size() > 1 && out.back() == '-') out.back() = 'a';
  return out;
}

std::string dns1035_problem(std::string_view text) {
  constexpr size_t kLabelMax = 63;
  if (text.size() > kLabelMax) return "must be no more than 63 bytes";
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  bool right = !text.empty() && is_lower(text[0]) && text.back() != '-';
  for (const char c : text)
    right &= is_lower(c) || is_digit(c) || c == '-';
  if (right) return {};
  return "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with "
         "an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or "
         "'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
}

std::string uri_problem(std::string_view text) {
  std::string problem;
  return parse_url(text, problem) ? std::string() : problem;
}

// Hex digits in groups of 8, 4, 4, 4 and 12; the dashes may be missing.
std::string uuid_problem(std::string_view text) {
  size_t digits = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool boundary = digits == 8 || digits == 12 || digits == 16 || digits == 20;
    if (text[i] == '-' && boundary && i > 0 && text[i - 1] != '-') continue;
    if (std::isxdigit(static_cast<unsigned char>(text[i])) == 0)
      return "does not match the UUID format";
    ++digits;
  }
  return digits == 32 ? std::string() : "does not match the UUID format";
}

std::string byte_problem(std::string_view text) {
  const bool blank = text.find_first_of(" \t") != std::string_view::npos;
  return !blank && decode_base64(text) ? std::string() : "invalid base64";
}

std::string date_problem(std::string_view text) {
  return parse_date(text) ? std::string() : "invalid date";
}

std::string datetime_problem(std::string_view text) {
  return parse_timestamp(text) ? std::string() : "invalid datetime";
}

constexpr std::array<Format, 13> kFormats{{
    {"dns1123Label", dns_label_problem},
    {"dns1123Subdomain", subdomain_problem},
    {"dns1035Label", dns1035_problem},
    {"qualifiedName", qualified_name_problem},
    {"dns1123LabelPrefix", [](std::string_view text) { return dns_label_problem(masked(text)); }},
    {"dns1123SubdomainPrefix",
     [](std::string_view text) { return subdomain_problem(masked(text)); }},
    {"dns1035LabelPrefix", [](std::string_view text) { return dns1035_problem(masked(text)); }},
    {"labelValue", label_value_problem},
    {"uri", uri_problem},
    {"uuid", uuid_problem},
    {"byte", byte_problem},
    {"date", date_problem},
    {"datetime", datetime_problem},
}};

/// A value of type kubernetes.NamedFormat.
struct FormatValue final : Opaque {
  explicit FormatValue(const Format& from) : format(from) {}
  std::string_view type_name() const override { return "kubernetes.NamedFormat"; }
  bool equals(const Opaque& other) const override {
    const auto* value = dynamic_cast<const FormatValue*>(&other);
    return value != nullptr && value->format.name == format.name;
  }
  const Format& format;
};

template <size_t index>
Value constant(const Value*, size_t, CallContext&) {
  return Value::opaque(std::make_unique<FormatValue>(kFormats[index]));
}

Value named(const Value* args, size_t, CallContext&) {
  for (const Format& format : kFormats)
    if (format.name == args[0].as_text())
      return Value::optional(Value::opaque(std::make_unique<FormatValue>(format)));
  return Value::no_value();
}

Value validate(const Value* args, size_t, CallContext&) {
  const auto& format = static_cast<const FormatValue&>(args[0].as_opaque()).format;
  std::string problem = format.check(args[1].as_text());
  if (problem.empty()) return Value::no_value();
  return Value::optional(Value::list({Value::text(std::move(problem))}));
}

}  // namespace

std::vector<FunctionRow> format_rows() {
  constexpr std::string_view kFormat = "kubernetes.NamedFormat";
  return {
      {"format.named", "format-named", "string", "optional(kubernetes.NamedFormat)", named},
      {".validate", "format-validate", "kubernetes.NamedFormat; string", "optional(list(string))",
       validate, Cost::Validate},
      {"format.dns1123Label", "format.dns1123Label", "", kFormat, constant<0>},
      {"format.dns1123Subdomain", "format.dns1123Subdomain", "", kFormat, constant<1>},
      {"format.dns1035Label", "format.dns1035Label", "", kFormat, constant<2>},
      {"format.qualifiedName", "format.qualifiedName", "", kFormat, constant<3>},
      {"format.dns1123LabelPrefix", "format.dns1123LabelPrefix", "", kFormat, constant<4>},
      {"format.dns1123SubdomainPrefix", "format.dns1123SubdomainPrefix", "", kFormat, constant<5>},
      {"format.dns1035LabelPrefix", "format.dns1035LabelPrefix", "", kFormat, constant<6>},
      {"format.labelValue", "format.labelValue", "", kFormat, constant<7>},
      {"format.uri", "format.uri", "", kFormat, constant<8>},
      {"format.uuid", "format.uuid", "", kFormat, constant<9>},
      {"format.byte", "format.byte", "", kFormat, constant<10>},
      {"format.date", "format.date", "", kFormat, constant<11>},
      {"format.datetime", "format.datetime", "", kFormat, constant<12>},
  };
}

}  // namespace charter::cel
