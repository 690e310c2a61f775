#include "controller/object/schema_format.h"

#include <re2/re2.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <string>

namespace charter {
namespace {

using Check = bool (*)(std::string_view);

bool matches(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

// One pattern object for each call site, made at its first use.
#define CHARTER_PATTERN_CHECK(name, pattern)   \
  bool name(std::string_view text) {           \
    static const re2::RE2 expression(pattern); \
    return matches(expression, text);          \
  }

CHARTER_PATTERN_CHECK(is_uuid,
                      R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})")
CHARTER_PATTERN_CHECK(is_uuid3,
                      R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12})")
CHARTER_PATTERN_CHECK(
    is_uuid4, R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12})")
CHARTER_PATTERN_CHECK(
    is_uuid5, R"((?i)[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12})")
CHARTER_PATTERN_CHECK(is_object_id, R"((?i)[0-9a-f]{24})")
CHARTER_PATTERN_CHECK(is_hex_color, R"(#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6}))")
CHARTER_PATTERN_CHECK(
    is_base64, R"((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4}))")
CHARTER_PATTERN_CHECK(is_ssn, R"(\d{3}[- ]?\d{2}[- ]?\d{4})")
CHARTER_PATTERN_CHECK(
    is_mac,
    R"((?i)[0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{2}([:-][0-9a-f]{2}){7}|[0-9a-f]{2}([:-][0-9a-f]{2}){19}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{4}(\.[0-9a-f]{4}){3}|[0-9a-f]{4}(\.[0-9a-f]{4}){9})")
CHARTER_PATTERN_CHECK(is_email,
                      R"([^\s@<>()\[\],;:"]+@[^\s@<>()\[\],;:"]+|[^<>"]*<[^\s@<>]+@[^\s@<>]+>)")
CHARTER_PATTERN_CHECK(is_dns_label, R"([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)")
CHARTER_PATTERN_CHECK(
    is_host_label,
    R"([a-zA-Z0-9\x{80}-\x{10FFFF}]([-_a-zA-Z0-9\x{80}-\x{10FFFF}]{0,61}[a-zA-Z0-9\x{80}-\x{10FFFF}])?)")
CHARTER_PATTERN_CHECK(
    is_duration,
    R"([-+]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w|nano|nanos|nanoseconds?|micros?|microseconds?|millis?|milliseconds?|secs?|seconds?|mins?|minutes?|hrs?|hours?|days?|wks?|weeks?)(\s*(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|μs|ms|s|m|h|d|w))*|[-+]?0)")
#undef CHARTER_PATTERN_CHECK

bool any_text(std::string_view) {
  return true;
}

template <class Label>
bool is_dotted(std::string_view text, Label label, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  while (true) {
    const size_t dot = text.find('.');
    if (!label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool is_hostname(std::string_view text) {
  return is_dotted(text, is_host_label, 255);
}
bool is_long_name(std::string_view text) {
  return is_dotted(text, is_dns_label, 253);
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes;
  return inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}
bool is_ipv4(std::string_view text) {
  return is_address(AF_INET, text);
}
bool is_ipv6(std::string_view text) {
  return is_address(AF_INET6, text);
}

bool is_cidr(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view address = text.substr(0, slash), size = text.substr(slash + 1);
  const int most = is_ipv4(address) ? 32 : is_ipv6(address) ? 128 : -1;
  int bits = -1;
  const auto end = std::from_chars(size.data(), size.data() + size.size(), bits);
  return end.ec == std::errc() && end.ptr == size.data() + size.size() && bits >= 0 && bits <= most;
}

// url.ParseRequestURI: an absolute URI or an absolute path.
bool is_uri(std::string_view text) {
  static const re2::RE2 pattern(R"(/[^\s\x00-\x1f]*|[a-zA-Z][a-zA-Z0-9+.-]*:[^\s\x00-\x1f]+)");
  return matches(pattern, text);
}

bool is_date(std::string_view text) {
  static const re2::RE2 pattern(R"((\d{4})-(\d{2})-(\d{2}))");
  int year = 0;
  unsigned month = 0, day = 0;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern, &year, &month,
                           &day))
    return false;
  return std::chrono::year_month_day(std::chrono::year(year), std::chrono::month(month),
                                     std::chrono::day(day))
      .ok();
}

bool is_date_time(std::string_view text) {
  static const re2::RE2 pattern(
      R"([Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?([Zz]|[-+]([01]\d|2[0-3]):[0-5]\d))");
  return text.size() > 10 && is_date(text.substr(0, 10)) && matches(pattern, text.substr(10));
}

bool is_rgb_color(std::string_view text) {
  static const re2::RE2 pattern(R"(rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\))");
  std::array<int, 3> part{};
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), pattern, &part[0],
                             &part[1], &part[2]) &&
         std::all_of(part.begin(), part.end(), [](int level) { return level <= 255; });
}

std::string digits_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '-' && c != ' ') out += c;
  return out;
}

bool is_isbn10(std::string_view text) {
  static const re2::RE2 pattern(R"(\d{9}[\dX])");
  const std::string digits = digits_of(text);
  if (!matches(pattern, digits)) return false;
  int sum = 0;
  for (int i = 0; i < 10; ++i)
    sum += (i + 1) * (digits[i] == 'X' ? 10 : digits[i] - '0');
  return sum % 11 == 0;
}

bool is_isbn13(std::string_view text) {
  static const re2::RE2 pattern(R"(\d{13})");
  const std::string digits = digits_of(text);
  if (!matches(pattern, digits)) return false;
  int sum = 0;
  for (int i = 0; i < 13; ++i)
    sum += (i % 2 == 0 ? 1 : 3) * (digits[i] - '0');
  return sum % 10 == 0;
}

bool is_isbn(std::string_view text) {
  return is_isbn10(text) || is_isbn13(text);
}

bool is_credit_card(std::string_view text) {
  static const re2::RE2 pattern(R"(\d{13,19})");
  const std::string digits = digits_of(text);
  if (!matches(pattern, digits)) return false;
  int sum = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    int digit = digits[digits.size() - 1 - i] - '0';
    if (i % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

const std::map<std::string_view, Check>& checks() {
  static const std::map<std::string_view, Check> table{
      {"bsonobjectid", is_object_id},
      {"byte", is_base64},
      {"cidr", is_cidr},
      {"creditcard", is_credit_card},
      {"date", is_date},
      {"date-time", is_date_time},
      {"datetime", is_date_time},
      {"duration", is_duration},
      {"email", is_email},
      {"hexcolor", is_hex_color},
      {"hostname", is_hostname},
      {"ipv4", is_ipv4},
      {"ipv6", is_ipv6},
      {"isbn", is_isbn},
      {"isbn10", is_isbn10},
      {"isbn13", is_isbn13},
      {"k8s-long-name", is_long_name},
      {"k8s-short-name", is_dns_label},
      {"mac", is_mac},
      {"password", any_text},
      {"rgbcolor", is_rgb_color},
      {"ssn", is_ssn},
      {"uri", is_uri},
      {"uuid", is_uuid},
      {"uuid3", is_uuid3},
      {"uuid4", is_uuid4},
      {"uuid5", is_uuid5},
  };
  return table;
}

}  // namespace

bool matches_format(std::string_view format, std::string_view text) {
  const auto at = checks().find(format);
  return at == checks().end() || at->second(text);
}

}  // namespace charter
