#include "controller/base/clock.h"

#include "controller/base/int128.h"

#include <charconv>
#include <cstdio>
#include <ctime>

namespace charter {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

/// Reads exactly `width` digits at `pos`; false if there are not that many.
bool read_digits(std::string_view text, size_t& pos, size_t width, int& out) {
  if (pos + width > text.size()) return false;
  out = 0;
  for (size_t i = 0; i < width; ++i) {
    const char c = text[pos + i];
    if (c < '0' || c > '9') return false;
    out = out * 10 + (c - '0');
  }
  pos += width;
  return true;
}

bool read_char(std::string_view text, size_t& pos, char wanted) {
  if (pos >= text.size() || text[pos] != wanted) return false;
  ++pos;
  return true;
}

/// Reads ".123" as nanoseconds; absent is zero.
bool read_fraction(std::string_view text, size_t& pos, int64_t& nanos) {
  nanos = 0;
  if (pos >= text.size() || text[pos] != '.') return true;
  ++pos;
  int64_t scale = 100'000'000;
  size_t digits = 0;
  for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, ++digits) {
    nanos += (text[pos] - '0') * scale;
    scale /= 10;
  }
  return digits > 0 && digits <= 9;
}

/// Reads "Z" or "+hh:mm" as seconds east of UTC.
bool read_offset(std::string_view text, size_t& pos, int& seconds) {
  if (pos < text.size() && (text[pos] == 'Z' || text[pos] == 'z')) {
    ++pos;
    seconds = 0;
    return true;
  }
  if (pos >= text.size() || (text[pos] != '+' && text[pos] != '-')) return false;
  const int sign = text[pos++] == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!read_digits(text, pos, 2, hours) || !read_char(text, pos, ':') ||
      !read_digits(text, pos, 2, minutes) || hours > 23 || minutes > 59) {
    return false;
  }
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

/// Date and time of day of an instant.
struct Civil {
  int year;
  unsigned month, day;
  int64_t hour, minute, second, nanos;
};

Civil civil(Instant at) {
  const auto date = std::chrono::floor<days>(at);
  const std::chrono::year_month_day ymd(date);
  const int64_t rest = (at - date).count();
  return {static_cast<int>(ymd.year()),
          static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()),
          rest / 3'600'000'000'000,
          rest / 60'000'000'000 % 60,
          rest / 1'000'000'000 % 60,
          rest % 1'000'000'000};
}

/// `value` with leading zeros; audit records and events write millions of times, snprintf costs ten
/// times as much.
void append_digits(std::string& out, int64_t value, size_t width) {
  const size_t from = out.size();
  out.resize(from + width);
  for (size_t i = width; i-- > 0; value /= 10)
    out[from + i] = static_cast<char>('0' + value % 10);
}

/// "2026-06-01T00:00:00". Instants reach from 1677 to 2262: four digits always fit the year.
std::string date_and_time(const Civil& c) {
  std::string out;
  out.reserve(sizeof "2026-06-01T00:00:00.000000Z");
  append_digits(out, c.year, 4);
  out += '-';
  append_digits(out, c.month, 2);
  out += '-';
  append_digits(out, c.day, 2);
  out += 'T';
  append_digits(out, c.hour, 2);
  out += ':';
  append_digits(out, c.minute, 2);
  out += ':';
  append_digits(out, c.second, 2);
  return out;
}

}  // namespace

Duration thread_cpu_time() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Duration SystemClock::monotonic() const {
  return std::chrono::steady_clock::now().time_since_epoch();
}

std::string format_time(Instant at) {
  return date_and_time(civil(at)) + "Z";
}

std::string format_micro_time(Instant at) {
  const Civil c = civil(at);
  std::string out = date_and_time(c);
  out += '.';
  append_digits(out, c.nanos / 1000, 6);
  out += 'Z';
  return out;
}

std::optional<Instant> parse_time(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0;
  int64_t nanos = 0;
  size_t pos = 0;
  const bool date = read_digits(text, pos, 4, year) && read_char(text, pos, '-') &&
                    read_digits(text, pos, 2, month) && read_char(text, pos, '-') &&
                    read_digits(text, pos, 2, day);
  if (!date || pos >= text.size() || (text[pos] != 'T' && text[pos] != 't')) return std::nullopt;
  ++pos;
  const bool time = read_digits(text, pos, 2, hour) && read_char(text, pos, ':') &&
                    read_digits(text, pos, 2, minute) && read_char(text, pos, ':') &&
                    read_digits(text, pos, 2, second) && read_fraction(text, pos, nanos) &&
                    read_offset(text, pos, offset);
  if (!time || pos != text.size() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year(year),
                                        std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  // int64 nanoseconds end in 2262; one year of margin keeps sums with offsets in range.
  if (!ymd.ok() || year < 1678 || year > 2261) return std::nullopt;
  const auto whole = std::chrono::seconds(hour * 3600 + minute * 60 + second - offset);
  return Instant(sys_days(ymd).time_since_epoch()) + whole + Duration(nanos);
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"ns", 1},
                                                             {"us", 1'000},
                                                             {"ms", 1'000'000},
                                                             {"h", 3'600'000'000'000},
                                                             {"m", 60'000'000'000},
                                                             {"s", 1'000'000'000}};
  Int128 total = 0;
  size_t pos = 0;
  while (pos < text.size()) {
    int64_t whole = 0;
    const auto [end, error] = std::from_chars(text.data() + pos, text.data() + text.size(), whole);
    if (error != std::errc() || whole < 0) return std::nullopt;
    pos = static_cast<size_t>(end - text.data());
    int64_t fraction = 0;
    if (!read_fraction(text, pos, fraction)) return std::nullopt;
    bool known = false;
    for (const auto& [unit, nanos] : kUnits) {
      if (text.substr(pos, unit.size()) != unit) continue;
      total += static_cast<Int128>(whole) * nanos +
               static_cast<Int128>(fraction) * nanos / 1'000'000'000;
      pos += unit.size();
      known = true;
      break;
    }
    if (!known || total > INT64_MAX) return std::nullopt;
  }
  return Duration(static_cast<int64_t>(total));
}

std::string human_duration(Duration length) {
  const int64_t seconds = length.count() / 1'000'000'000;
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  const auto two = [](int64_t a, const char* ua, int64_t b, const char* ub) {
    return std::to_string(a) + ua + (b == 0 ? std::string() : std::to_string(b) + ub);
  };
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (seconds < 120) return std::to_string(seconds) + "s";
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return std::to_string(minutes) + "m";
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (hours < 192) return two(hours / 24, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return std::to_string(hours / 24) + "d";
  if (hours < 24 * 365 * 8) return two(hours / 24 / 365, "y", hours / 24 % 365, "d");
  return std::to_string(hours / 24 / 365) + "y";
}

}  // namespace charter
