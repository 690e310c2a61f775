#include "controller/base/int128.h"
#include "controller/cel/value.h"
#include "controller/object/causes.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>

// Times and lengths of time as text.
namespace charter::cel {
namespace {

constexpr int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z

/// Reads fixed-width fields from the left.
class TimeReader {
 public:
  explicit TimeReader(std::string_view text) : rest_(text) {}

  int number(size_t digits) {
    int out = 0;
    for (size_t i = 0; i < digits; ++i) {
      if (rest_.size() <= i || rest_[i] < '0' || rest_[i] > '9') return fail();
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return out;
  }
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_[0]) == std::string_view::npos) return false;
    taken_ = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view any_of) {
    if (!take(any_of)) ok_ = false;
  }
  int32_t fraction() {
    int32_t nanos = 0;
    size_t digits = 0;
    while (!rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9') {
      if (digits < 9) nanos = nanos * 10 + (rest_[0] - '0');
      ++digits;
      rest_.remove_prefix(1);
    }
    if (digits == 0) ok_ = false;
    for (; digits < 9; ++digits)
      nanos *= 10;
    return nanos;
  }
  char taken() const { return taken_; }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }

 private:
  int fail() {
    ok_ = false;
    return 0;
  }
  std::string_view rest_;
  char taken_ = 0;
  bool ok_ = true;
};

std::optional<int64_t> day_seconds(TimeReader& in) {
  const int year = in.number(4);
  in.expect("-");
  const int month = in.number(2);
  in.expect("-");
  const int day = in.number(2);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!in.ok() || !date.ok() || year == 0) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * int64_t{86400};
}

// The zone at the end of a time, in seconds east of Greenwich.
std::optional<int64_t> zone_seconds(TimeReader& in) {
  if (in.take("Zz")) return 0;
  in.expect("+-");
  const int sign = in.taken() == '-' ? -1 : 1;
  const int hours = in.number(2);
  in.expect(":");
  const int minutes = in.number(2);
  if (!in.ok() || hours > 23 || minutes > 59) return std::nullopt;
  return sign * (hours * 3600 + minutes * 60);
}

void append_fraction(std::string& out, int32_t nanos) {
  if (nanos == 0) return;
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), ".%09d", nanos);
  std::string digits(text.data());
  while (digits.back() == '0')
    digits.pop_back();
  out += digits;
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\xC2\xB5s", 1'000},
                                      {"\xCE\xBCs", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

size_t digits_at(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && text[n] >= '0' && text[n] <= '9')
    ++n;
  return n;
}

// One "1.5h" of a length, in nanoseconds; takes it off `text`.
std::optional<Int128> take_part(std::string_view& text) {
  const size_t whole = digits_at(text);
  if (whole > 19) return std::nullopt;
  Int128 number = 0, scale = 1;
  for (size_t i = 0; i < whole; ++i)
    number = number * 10 + (text[i] - '0');
  text.remove_prefix(whole);
  size_t part = 0;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    part = digits_at(text);
    for (size_t i = 0; i < part && i < 15; ++i) {
      number = number * 10 + (text[i] - '0');
      scale *= 10;
    }
    text.remove_prefix(part);
  }
  if (whole + part == 0) return std::nullopt;
  // "ms" before "m", so the longest name that fits wins.
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits)
    if (text.starts_with(unit.name) && (!best || unit.name.size() > best->name.size()))
      best = &unit;
  if (best == nullptr || (text.size() > best->name.size() && text[best->name.size()] != '.' &&
                          digits_at(text.substr(best->name.size())) == 0))
    return std::nullopt;
  text.remove_prefix(best->name.size());
  return number * best->nanos / scale;
}

}  // namespace

std::optional<Moment> parse_timestamp(std::string_view text) {
  TimeReader in(text);
  const auto day = day_seconds(in);
  in.expect("Tt");
  const int hour = in.number(2);
  in.expect(":");
  const int minute = in.number(2);
  in.expect(":");
  const int second = in.number(2);
  Moment out;
  if (in.take(".,")) out.nanos = in.fraction();
  const auto zone = zone_seconds(in);
  if (!day || !zone || !in.done() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  out.seconds = *day + hour * 3600 + minute * 60 + second - *zone;
  if (out.seconds < kFirstSecond || out.seconds > kLastSecond) return std::nullopt;
  return out;
}

std::optional<Moment> parse_date(std::string_view text) {
  TimeReader in(text);
  const auto day = day_seconds(in);
  if (!day || !in.done()) return std::nullopt;
  return Moment{*day, 0};
}

std::optional<Moment> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Moment{};
  if (text.empty()) return std::nullopt;
  Int128 total = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part) return std::nullopt;
    total += *part;
    if (total > Int128{INT64_MAX} + (negative ? 1 : 0)) return std::nullopt;
  }
  if (negative) total = -total;
  const auto nanos = static_cast<int64_t>(total);
  return Moment{nanos / 1'000'000'000, static_cast<int32_t>(nanos % 1'000'000'000)};
}

std::optional<Moment> parse_loose_duration(std::string_view text) {
  if (const auto strict = parse_duration(text)) return strict;
  // The last name of a unit stands for everything that begins with it: "min" for "minutes".
  struct Names {
    std::array<std::string_view, 3> exact;
    std::string_view prefix;
    int64_t nanos;
  };
  static constexpr std::array<Names, 8> kNames{{{{"ns"}, "nano", 1},
                                                {{"us", "\xC2\xB5s"}, "micro", 1'000},
                                                {{"ms"}, "milli", 1'000'000},
                                                {{"s"}, "sec", 1'000'000'000},
                                                {{"m"}, "min", 60'000'000'000},
                                                {{"h", "hr"}, "hour", 3'600'000'000'000},
                                                {{"d"}, "day", 86'400'000'000'000},
                                                {{"w", "wk"}, "week", 604'800'000'000'000}}};
  Int128 total = 0;
  bool found = false;
  while (!text.empty()) {
    const size_t digits = digits_at(text);
    if (digits == 0) {
      text.remove_prefix(1);
      continue;
    }
    Int128 factor = 0;
    for (size_t i = 0; i < digits && i < 19; ++i)
      factor = factor * 10 + (text[i] - '0');
    text.remove_prefix(digits);
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t'))
      text.remove_prefix(1);
    std::string unit;
    while (!text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) ||
                             text[0] == '\xC2' || text[0] == '\xB5')) {
      unit += static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
      text.remove_prefix(1);
    }
    for (const Names& names : kNames) {
      const bool named = !unit.empty() && (std::find(names.exact.begin(), names.exact.end(),
                                                     unit) != names.exact.end() ||
                                           unit.starts_with(names.prefix));
      found |= named;
      if (named) total += factor * names.nanos;
    }
    if (total > INT64_MAX) return std::nullopt;
  }
  if (!found) return std::nullopt;
  const auto nanos = static_cast<int64_t>(total);
  return Moment{nanos / 1'000'000'000, static_cast<int32_t>(nanos % 1'000'000'000)};
}

std::string timestamp_text(int64_t seconds, int32_t nanos) {
  const int64_t days = seconds >= 0 ? seconds / 86400 : (seconds - 86399) / 86400;
  const int64_t rest = seconds - days * 86400;
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(rest / 3600),
                static_cast<int>(rest / 60 % 60), static_cast<int>(rest % 60));
  std::string out(text.data());
  append_fraction(out, nanos);
  return out + "Z";
}

std::string duration_text(int64_t seconds, int32_t nanos) {
  std::string out = seconds < 0 || nanos < 0 ? "-" : "";
  out += std::to_string(seconds < 0 ? -static_cast<Int128>(seconds) > INT64_MAX
                                          ? uint64_t{1} << 63U
                                          : static_cast<uint64_t>(-seconds)
                                    : static_cast<uint64_t>(seconds));
  append_fraction(out, nanos < 0 ? -nanos : nanos);
  return out + "s";
}

std::string double_text(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "+Inf" : "-Inf";
  return go_float(number);
}

}  // namespace charter::cel
